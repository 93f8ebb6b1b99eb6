/** Of the program, as `--version` and `narthex_build_info` tell it. */
export const VERSION = "0.1.0";
