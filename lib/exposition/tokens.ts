/**
 * The tokens and lexer states that both text formats share, named as Prometheus names them, since its error
 * messages quote the names. Numbers and not strings: the lexers run once a byte of every new line.
 */
export const TOKEN_INVALID = 0;
export const TOKEN_EOF = 1;
export const TOKEN_LINEBREAK = 2;
export const TOKEN_HELP = 3;
export const TOKEN_TYPE = 4;
export const TOKEN_UNIT = 5;
export const TOKEN_EOF_WORD = 6;
export const TOKEN_TEXT = 7;
export const TOKEN_COMMENT = 8;
export const TOKEN_METRIC_NAME = 9;
export const TOKEN_QUOTED = 10;
export const TOKEN_BRACE_OPEN = 11;
export const TOKEN_BRACE_CLOSE = 12;
export const TOKEN_LABEL_NAME = 13;
export const TOKEN_LABEL_VALUE = 14;
export const TOKEN_COMMA = 15;
export const TOKEN_EQUAL = 16;
export const TOKEN_TIMESTAMP = 17;
export const TOKEN_VALUE = 18;

export const TOKEN_NAMES: readonly string[] = [
  "INVALID",
  "EOF",
  "LINEBREAK",
  "HELP",
  "TYPE",
  "UNIT",
  "EOFWORD",
  "TEXT",
  "COMMENT",
  "MNAME",
  "QSTRING",
  "BOPEN",
  "BCLOSE",
  "LNAME",
  "LVALUE",
  "COMMA",
  "EQUAL",
  "TIMESTAMP",
  "VALUE",
];

export const STATE_INIT = 0;
export const STATE_COMMENT = 1;
export const STATE_META_NAME = 2;
export const STATE_META_TEXT = 3;
export const STATE_LABELS = 4;
export const STATE_LABEL_VALUE = 5;
export const STATE_VALUE = 6;
export const STATE_TIMESTAMP = 7;
export const STATE_EXEMPLAR = 8;
export const STATE_EXEMPLAR_VALUE = 9;
export const STATE_EXEMPLAR_TIMESTAMP = 10;

/** Bits of `BYTE_CLASS`. */
export const METRIC_START = 1;
export const METRIC_PART = 2;
export const LABEL_START = 4;
export const LABEL_PART = 8;

export const BYTE_CLASS: Uint8Array = new Uint8Array(256);
for (let i = 0; i < 256; i++) {
  const char = String.fromCharCode(i);
  if (/[a-zA-Z_]/.test(char)) BYTE_CLASS[i] = METRIC_START | METRIC_PART | LABEL_START | LABEL_PART;
  else if (char === ":") BYTE_CLASS[i] = METRIC_START | METRIC_PART;
  else if (/[0-9]/.test(char)) BYTE_CLASS[i] = METRIC_PART | LABEL_PART;
}
