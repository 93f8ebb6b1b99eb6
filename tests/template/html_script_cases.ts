/** As html_cases.ts, in scripts and styles. */
import type { HtmlCase } from "./html_cases.ts";

export const SCRIPT_CASES: readonly HtmlCase[] = [
  [
    "<a onclick='alert({{.V}})'>",
    '<b>"it\'s" & more</b>',
    "<a onclick='alert(&#34;\\u003cb\\u003e\\&#34;it&#39;s\\&#34; \\u0026 more\\u003c/b\\u003e&#34;)'>",
  ],
  ["<a onclick='alert({{.V}})'>", 1.5, "<a onclick='alert( 1.5 )'>"],
  [
    '<a onclick="f(&quot;{{.V}}&quot;)">',
    '<b>"it\'s" & more</b>',
    '<a onclick="f(&quot;\\u003cb\\u003e\\u0022it\\u0027s\\u0022 \\u0026 more\\u003c\\/b\\u003e&quot;)">',
  ],
  [
    '<a onclick="f(&quot;{{.V}}&quot;)">',
    "javascript:alert(1)",
    '<a onclick="f(&quot;javascript:alert(1)&quot;)">',
  ],
  [
    "<a onclick=\"'{{.V}}'\">",
    '<b>"it\'s" & more</b>',
    "<a onclick=\"'\\u003cb\\u003e\\u0022it\\u0027s\\u0022 \\u0026 more\\u003c\\/b\\u003e'\">",
  ],
  ["<a onclick=\"'{{.V}}'\">", "\\27 x", "<a onclick=\"'\\\\27 x'\">"],
  [
    "<script>{{.V}}</script>",
    '<b>"it\'s" & more</b>',
    '<script>"\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"</script>',
  ],
  ["<script>{{.V}}</script>", "a+b=c`d\t\n\u2028", '<script>"a+b=c`d\\t\\n\\u2028"</script>'],
  [
    "<script>var a = '{{.V}}';</script>",
    '<b>"it\'s" & more</b>',
    "<script>var a = '\\u003cb\\u003e\\u0022it\\u0027s\\u0022 \\u0026 more\\u003c\\/b\\u003e';</script>",
  ],
  ["<script>var a = '{{.V}}';</script>", "", "<script>var a = '';</script>"],
  [
    '<script>var a = "{{.V}}" / 2;</script>',
    '<b>"it\'s" & more</b>',
    '<script>var a = "\\u003cb\\u003e\\u0022it\\u0027s\\u0022 \\u0026 more\\u003c\\/b\\u003e" / 2;</script>',
  ],
  [
    '<script>var a = "{{.V}}" / 2;</script>',
    "javascript:alert(1)",
    '<script>var a = "javascript:alert(1)" / 2;</script>',
  ],
  [
    "<script>var a = {{.V}} / {{.V}};</script>",
    '<b>"it\'s" & more</b>',
    '<script>var a = "\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e" / "\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e";</script>',
  ],
  [
    "<script>var a = {{.V}} / {{.V}};</script>",
    "a+b=c`d\t\n\u2028",
    '<script>var a = "a+b=c`d\\t\\n\\u2028" / "a+b=c`d\\t\\n\\u2028";</script>',
  ],
  [
    "<script>var r = /{{.V}}/g;</script>",
    '<b>"it\'s" & more</b>',
    "<script>var r = /\\u003cb\\u003e\\u0022it\\u0027s\\u0022 \\u0026 more\\u003c\\/b\\u003e/g;</script>",
  ],
  [
    "<script>var r = /{{.V}}/g;</script>",
    "javascript:alert(1)",
    "<script>var r = /javascript:alert\\(1\\)/g;</script>",
  ],
  [
    "<script>/* c */ {{.V}} // foo\n{{.V}}</script>",
    '<b>"it\'s" & more</b>',
    '<script>  "\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e" \n"\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"</script>',
  ],
  [
    "<script>/* c */ {{.V}} // foo\n{{.V}}</script>",
    "*/ </script>",
    '<script>  "*/ \\u003c/script\\u003e" \n"*/ \\u003c/script\\u003e"</script>',
  ],
  ["<script>// {{.V}}\n1</script>", '<b>"it\'s" & more</b>', "<script>\n1</script>"],
  ["<script>// {{.V}}\n1</script>", "\\27 x", "<script>\n1</script>"],
  ["<style>a { color: {{.V}} }</style>", '<b>"it\'s" & more</b>', "<style>a { color: ZgotmplZ }</style>"],
  ["<style>a { color: {{.V}} }</style>", "a+b=c`d\t\n\u2028", "<style>a { color: ZgotmplZ }</style>"],
  [
    "<style>a { b: '{{.V}}' }</style>",
    '<b>"it\'s" & more</b>',
    "<style>a { b: '\\3c b\\3e\\22it\\27s\\22  \\26  more\\3c\\2f b\\3e ' }</style>",
  ],
  ["<style>a { b: '{{.V}}' }</style>", "\\27 x", "<style>a { b: '\\\\27 x' }</style>"],
  [
    "<style>a { b: url({{.V}}) }</style>",
    '<b>"it\'s" & more</b>',
    "<style>a { b: url(%3cb%3e%22it%27s%22%20&%20more%3c/b%3e) }</style>",
  ],
  ["<style>a { b: url({{.V}}) }</style>", 1.5, "<style>a { b: url(1.5) }</style>"],
  [
    "<style>a { b: url('{{.V}}') }</style>",
    '<b>"it\'s" & more</b>',
    "<style>a { b: url('%3cb%3e%22it%27s%22%20&%20more%3c/b%3e') }</style>",
  ],
  [
    "<style>a { b: url('{{.V}}') }</style>",
    "javascript:alert(1)",
    "<style>a { b: url('#ZgotmplZ') }</style>",
  ],
  [
    '<style>a{b: url("/a?{{.V}}")}</style>',
    '<b>"it\'s" & more</b>',
    '<style>a{b: url("/a?%3cb%3e%22it%27s%22%20%26%20more%3c%2fb%3e")}</style>',
  ],
  ['<style>a{b: url("/a?{{.V}}")}</style>', 1.5, '<style>a{b: url("/a?1.5")}</style>'],
  ["<style>/* {{.V}} */ a</style>", '<b>"it\'s" & more</b>', "<style>   a</style>"],
  ["<style>/* {{.V}} */ a</style>", "a+b=c`d\t\n\u2028", "<style>   a</style>"],
  ['<p style="color: {{.V}}">', '<b>"it\'s" & more</b>', '<p style="color: ZgotmplZ">'],
  ['<p style="color: {{.V}}">', "javascript:alert(1)", '<p style="color: ZgotmplZ">'],
  [
    "<p style=\"background: url('/img?name={{.V}}')\">",
    '<b>"it\'s" & more</b>',
    "<p style=\"background: url('/img?name=%3cb%3e%22it%27s%22%20%26%20more%3c%2fb%3e')\">",
  ],
  ["<p style=\"background: url('/img?name={{.V}}')\">", "", "<p style=\"background: url('/img?name=')\">"],
  [
    '<script type="text/x">{{.V}}</script>',
    '<b>"it\'s" & more</b>',
    '<script type="text/x">&lt;b&gt;&#34;it&#39;s&#34; &amp; more&lt;/b&gt;</script>',
  ],
  [
    '<script type="text/x">{{.V}}</script>',
    "a+b=c`d\t\n\u2028",
    '<script type="text/x">a&#43;b=c`d\t\n\u2028</script>',
  ],
  [
    '<script type="application/json">{"a": {{.V}}}</script>',
    '<b>"it\'s" & more</b>',
    '<script type="application/json">{"a": "\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"}</script>',
  ],
  [
    '<script type="application/json">{"a": {{.V}}}</script>',
    "javascript:alert(1)",
    '<script type="application/json">{"a": "javascript:alert(1)"}</script>',
  ],
  [
    '{{define "q"}}{{.}}{{end}}<a href=\'{{template "q" .V}}\'>{{template "q" .V}}</a><script>{{template "q" .V}}</script>',
    '<b>"it\'s" & more</b>',
    '<a href=\'%3cb%3e%22it%27s%22%20&amp;%20more%3c/b%3e\'>&lt;b&gt;&#34;it&#39;s&#34; &amp; more&lt;/b&gt;</a><script>"\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"</script>',
  ],
  [
    '{{define "q"}}{{.}}{{end}}<a href=\'{{template "q" .V}}\'>{{template "q" .V}}</a><script>{{template "q" .V}}</script>',
    "",
    "<a href=''></a><script>\"\"</script>",
  ],
  [
    "<script>[{{range .L}}{{.}},{{end}}]</script>",
    '<b>"it\'s" & more</b>',
    '<script>["a","\\u003cb\\u003e",]</script>',
  ],
  [
    "<script>[{{range .L}}{{.}},{{end}}]</script>",
    "a+b=c`d\t\n\u2028",
    '<script>["a","\\u003cb\\u003e",]</script>',
  ],
  [
    "<script>{{.V | urlquery}}</script>",
    '<b>"it\'s" & more</b>',
    '<script>"%3Cb%3E%22it%27s%22+%26+more%3C%2Fb%3E"</script>',
  ],
  [
    "<script>{{.V | urlquery}}</script>",
    "a+b=c`d\t\n\u2028",
    '<script>"a%2Bb%3Dc%60d%09%0A%E2%80%A8"</script>',
  ],
  [
    "{{.H}}<p title='{{.H}}' x={{.H}}><title>{{.H}}</title><script>{{.H}}</script><a href='{{.H}}'>",
    '<b>"it\'s" & more</b>',
    '<b>x&amp;"y"</b><p title=\'x&amp;&#34;y&#34;\' x=x&amp;&#34;y&#34;><title>&lt;b&gt;x&amp;&#34;y&#34;&lt;/b&gt;</title><script>"\\u003cb\\u003ex\\u0026amp;\\"y\\"\\u003c/b\\u003e"</script><a href=\'%3cb%3ex&amp;amp;%22y%22%3c/b%3e\'>',
  ],
  [
    "{{.H}}<p title='{{.H}}' x={{.H}}><title>{{.H}}</title><script>{{.H}}</script><a href='{{.H}}'>",
    "*/ </script>",
    '<b>x&amp;"y"</b><p title=\'x&amp;&#34;y&#34;\' x=x&amp;&#34;y&#34;><title>&lt;b&gt;x&amp;&#34;y&#34;&lt;/b&gt;</title><script>"\\u003cb\\u003ex\\u0026amp;\\"y\\"\\u003c/b\\u003e"</script><a href=\'%3cb%3ex&amp;amp;%22y%22%3c/b%3e\'>',
  ],
  [
    "{{.nope}}|{{.nope | print}}<p title='{{.nope}}'><script>{{.nope}}</script>",
    '<b>"it\'s" & more</b>',
    "|&lt;nil&gt;<p title=''><script> null </script>",
  ],
  [
    "{{.nope}}|{{.nope | print}}<p title='{{.nope}}'><script>{{.nope}}</script>",
    1.5,
    "|&lt;nil&gt;<p title=''><script> null </script>",
  ],
  [
    "<script>x = '<script>{{.V}}</script><!-- '</script>{{.V}}",
    '<b>"it\'s" & more</b>',
    "<script>x = '\\x3Cscript>\\u003cb\\u003e\\u0022it\\u0027s\\u0022 \\u0026 more\\u003c\\/b\\u003e\\x3C/script>\\x3C!-- '</script>&lt;b&gt;&#34;it&#39;s&#34; &amp; more&lt;/b&gt;",
  ],
  [
    "<script>x = '<script>{{.V}}</script><!-- '</script>{{.V}}",
    "javascript:alert(1)",
    "<script>x = '\\x3Cscript>javascript:alert(1)\\x3C/script>\\x3C!-- '</script>javascript:alert(1)",
  ],
  [
    "<a onclick='x = [{{.V}}]'>",
    '<b>"it\'s" & more</b>',
    "<a onclick='x = [&#34;\\u003cb\\u003e\\&#34;it&#39;s\\&#34; \\u0026 more\\u003c/b\\u003e&#34;]'>",
  ],
  ["<a onclick='x = [{{.V}}]'>", 1.5, "<a onclick='x = [ 1.5 ]'>"],
  [
    "<script>a++ /{{.V}}/ b; return /{{.V}}/; a = 4. /{{.V}}/ 2</script>",
    '<b>"it\'s" & more</b>',
    '<script>a++ /"\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"/ b; return /\\u003cb\\u003e\\u0022it\\u0027s\\u0022 \\u0026 more\\u003c\\/b\\u003e/; a = 4. /"\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"/ 2</script>',
  ],
  [
    "<script>a++ /{{.V}}/ b; return /{{.V}}/; a = 4. /{{.V}}/ 2</script>",
    "",
    '<script>a++ /""/ b; return /(?:)/; a = 4. /""/ 2</script>',
  ],
  [
    "<script>/* a\nb */{{.V}}<!-- foo\n{{.V}}--> foo\n{{.V}}#!bar\n{{.V}}</script>",
    '<b>"it\'s" & more</b>',
    '<script>\n"\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"\n"\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"\n"\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"\n"\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"</script>',
  ],
  [
    "<script>/* a\nb */{{.V}}<!-- foo\n{{.V}}--> foo\n{{.V}}#!bar\n{{.V}}</script>",
    "",
    '<script>\n""\n""\n""\n""</script>',
  ],
  [
    "<A HREF='{{.V}}' oNcLiCk='{{.V}}'>",
    '<b>"it\'s" & more</b>',
    "<A HREF='%3cb%3e%22it%27s%22%20&amp;%20more%3c/b%3e' oNcLiCk='&#34;\\u003cb\\u003e\\&#34;it&#39;s\\&#34; \\u0026 more\\u003c/b\\u003e&#34;'>",
  ],
  [
    "<A HREF='{{.V}}' oNcLiCk='{{.V}}'>",
    "*/ </script>",
    "<A HREF='*/%20%3c/script%3e' oNcLiCk='&#34;*/ \\u003c/script\\u003e&#34;'>",
  ],
  [
    "<SCRIPT>{{.V}}</SCRIPT >{{.V}}",
    '<b>"it\'s" & more</b>',
    '<SCRIPT>"\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"</SCRIPT >&lt;b&gt;&#34;it&#39;s&#34; &amp; more&lt;/b&gt;',
  ],
  ["<SCRIPT>{{.V}}</SCRIPT >{{.V}}", "\\27 x", '<SCRIPT>"\\\\27 x"</SCRIPT >\\27 x'],
  [
    "<style>a{b: {{.V}}; c: -{{.V}}; d: expr/**/ession({{.V}})}</style>",
    '<b>"it\'s" & more</b>',
    "<style>a{b: ZgotmplZ; c: -ZgotmplZ; d: expr ession(ZgotmplZ)}</style>",
  ],
  [
    "<style>a{b: {{.V}}; c: -{{.V}}; d: expr/**/ession({{.V}})}</style>",
    "*/ </script>",
    "<style>a{b: ZgotmplZ; c: -ZgotmplZ; d: expr ession(ZgotmplZ)}</style>",
  ],
  [
    "<script>`${ {a:{b:1}}.a } {{.V}}` / {{.V}}</script>",
    '<b>"it\'s" & more</b>',
    '<script>`${ {a:{b:1}}.a } \\u003cb\\u003e\\u0022it\\u0027s\\u0022 \\u0026 more\\u003c\\/b\\u003e` / "\\u003cb\\u003e\\"it\'s\\" \\u0026 more\\u003c/b\\u003e"</script>',
  ],
  [
    "<script>`${ {a:{b:1}}.a } {{.V}}` / {{.V}}</script>",
    "javascript:alert(1)",
    '<script>`${ {a:{b:1}}.a } javascript:alert(1)` / "javascript:alert(1)"</script>',
  ],
  ["<p style='a:\\58 {{.V}}'>", '<b>"it\'s" & more</b>', "<p style='a:\\58 ZgotmplZ'>"],
  ["<p style='a:\\58 {{.V}}'>", "*/ </script>", "<p style='a:\\58 ZgotmplZ'>"],
  [
    "<style>a{b:'\\58 {{.V}}'}</style>",
    '<b>"it\'s" & more</b>',
    "<style>a{b:'\\58 \\3c b\\3e\\22it\\27s\\22  \\26  more\\3c\\2f b\\3e '}</style>",
  ],
  [
    "<style>a{b:'\\58 {{.V}}'}</style>",
    "javascript:alert(1)",
    "<style>a{b:'\\58 javascript\\3a alert\\28 1\\29 '}</style>",
  ],
];
