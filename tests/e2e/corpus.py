"""Texts that try to be a script, to fetch something or to lead elsewhere."""
# ruff: noqa: E501

FOREIGN = "evil.example"

CORPUS = (
    # elements that run something
    "<script>alert(1)</script>", "<ScRiPt>alert(1)</sCrIpT>", "<script src=//evil.example/x.js></script>",
    "<script/x>alert(1)</script>", "<<script>alert(1)//<</script>", "<script>alert(1)", "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "<img src=x:x onerror=alert`1`>", "<img/src/onerror=alert(1)>",
    "<img src=//evil.example/i.png>", "<image href=//evil.example/i.png>", "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>", "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:alert(1)><text y=9>x</text></a></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><script>alert(1)</script></svg>#x'/></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></foreignObject></svg>",
    "<math href=javascript:alert(1)>x</math>", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>",
    "<iframe src=javascript:alert(1)></iframe>", "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<iframe src=//evil.example/></iframe>", "<object data=//evil.example/x.swf></object>", "<embed src=//evil.example/x>",
    "<video src=//evil.example/v.mp4 autoplay onerror=alert(1)>", "<audio src=x onerror=alert(1)>",
    "<video><source onerror=alert(1)></video>", "<details open ontoggle=alert(1)>", "<body onload=alert(1)>",
    "<input autofocus onfocus=alert(1)>", "<select autofocus onfocus=alert(1)>", "<textarea autofocus onfocus=alert(1)>",
    "<marquee onstart=alert(1)>", "<a href=javascript:alert(1)>x</a>", "<a href='java\tscript:alert(1)'>x</a>",
    "<a href=//evil.example ping=//evil.example/ping>x</a>", "<form action=javascript:alert(1)><button>x</button></form>",
    "<button formaction=javascript:alert(1)>x</button>", "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>", "<link rel=prefetch href=//evil.example/x>",
    "<link rel=dns-prefetch href=//evil.example>", "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<style>@import '//evil.example/x.css';</style>", "<style>*{background:url(//evil.example/b.png)}</style>",
    "<div style='background:url(//evil.example/b.png)'>x</div>", "<table background=//evil.example/b.png>",
    "<template><script>alert(1)</script></template>", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->", "<![CDATA[<script>alert(1)</script>]]>", "<?xml version='1.0'?><x onload=alert(1)/>",
    "\"><script>alert(1)</script>", "'><img src=x onerror=alert(1)>", "\" onmouseover=alert(1) x=\"", "' autofocus onfocus=alert(1) '",
    "`${alert(1)}`", "${alert(1)}", "{{constructor.constructor('alert(1)')()}}", "<%= alert(1) %>", "#{alert(1)}",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;alert(1)&#60;/script&#62;", "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e", "<scr\u200cipt>alert(1)</scr\u200cipt>", "\u202e<script>alert(1)</script>",
    # Markdown
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](java&#x09;script:alert(1))", "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))", "[x](<javascript:alert(1)>)", "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)", "[x](vbscript:alert(1))", "[x](file:///etc/passwd)",
    "[x](blob:https://evil.example/1)", "[x][1]\n\n[1]: javascript:alert(1)", "<javascript:alert(1)>",
    "![x](https://evil.example/i.png)", "![x](//evil.example/i.png)", "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg/onload=alert(1)>)", "![x\" onerror=\"alert(1)](x)", "![x](x\"onerror=\"alert(1))",
    "![x](https://evil.example/v.mp4)", "![x][2]\n\n[2]: https://evil.example/i.png",
    "[![x](https://evil.example/i.png)](javascript:alert(1))", "http://evil.example/<script>alert(1)</script>",
    "```html\n<script>alert(1)</script>\n```", "```js\nalert(1)\n```", "```mermaid\ngraph LR; A[<img src=x onerror=alert(1)>]-->B\n```",
    "```svg\n<svg onload=alert(1)>\n```", "| <img src=x onerror=alert(1)> | ![x](https://evil.example/c.png) |\n|---|---|\n| a | b |",
    "$\\href{javascript:alert(1)}{x}$", "$\\url{javascript:alert(1)}$", "$\\includegraphics{https://evil.example/i.png}$",
    "$\\htmlData{x=1}{y} \\htmlStyle{background:url(//evil.example/k.png)}{x}$", "$$\\unknown<img src=x onerror=alert(1)>$$",
    "> <img src=x onerror=alert(1)>", "- [ ] <img src=x onerror=alert(1)>", "# <img src=x onerror=alert(1)>",
    "[^1]\n\n[^1]: <img src=x onerror=alert(1)>", ":::script\nalert(1)\n:::",
)  # fmt: skip

LINES = "\n\n".join(CORPUS)


def chunks(most: int) -> list[str]:
    """All texts, joined to lines of at most so many characters each."""
    found = [""]
    for text in (" ".join(each.split())[:most] for each in CORPUS):
        if len(found[-1]) + len(text) + 1 > most:
            found.append("")
        found[-1] = f"{found[-1]} {text}".strip()
    return found
