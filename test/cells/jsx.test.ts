// JSX as HTML: what is escaped, how attributes and styles are written, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DISPLAY } from "../../kernel/src/base/index.ts";
import { Fragment, h } from "../../kernel/src/cells/jsx.ts";

const cases: [unknown, string][] = [
  [h("b", null, "<i>&\"'"), "<b>&lt;i&gt;&amp;&quot;&#39;</b>"],
  [h("b", null, 0, false, true, null, undefined, "", 5n), "<b>05</b>"],
  [h("b", null, [1, [2, new Set([3])]]), "<b>123</b>"],
  [h("br", null), "<br>"],
  [h("img", { alt: 'a"b' }), '<img alt="a&quot;b">'],
  [h("a", { href: "x?a&b", title: undefined, id: null }), '<a href="x?a&amp;b"></a>'],
  [h("input", { disabled: true, checked: false, value: 0 }), '<input disabled value="0">'],
  [h("i", { "aria-hidden": true, "data-x": false }), '<i aria-hidden="true" data-x="false"></i>'],
  [
    h("label", { className: "c", htmlFor: "d", key: 1, ref: 2 }),
    '<label class="c" for="d"></label>',
  ],
  [
    h("p", {
      style: { fontSize: 12, zIndex: 3, margin: 0, "--own-x": 4, WebkitBoxFlex: "1", color: null },
    }),
    '<p style="font-size:12px;z-index:3;margin:0;--own-x:4;-webkit-box-flex:1"></p>',
  ],
  [h("p", { style: "a:b" }), '<p style="a:b"></p>'],
  [h("p", { dangerouslySetInnerHTML: { __html: "<u>&" } }), "<p><u>&</p>"],
  [h("style", null, "a > b { }"), "<style>a > b { }</style>"],
  [h("script", null, "'</script>'"), "<script>'<\\/script>'</script>"],
  [
    h(
      "svg",
      { viewBox: "0 0 1 1", xmlns: "n" },
      h("path", { strokeWidth: 2, d: "M0" }),
      h("linearGradient", null),
    ),
    '<svg viewBox="0 0 1 1" xmlns="n"><path stroke-width="2" d="M0"></path><linearGradient></linearGradient></svg>',
  ],
  [h("my-element", { "xlink:href": "#a" }), '<my-element xlink:href="#a"></my-element>'],
  [h(Fragment, null, "a", h("b", null)), "a<b></b>"],
  [h(({ children }: { children?: unknown }) => children, null, "<"), "&lt;"],
  [h(({ n, children }: Record<string, unknown>) => [n, children], { n: 1 }, "a", "b"), "1ab"],
  [h(() => null, null), ""],
  [h("b", { children: "c" }), "<b>c</b>"],
  [h("b", null, { [DISPLAY]: () => ({ "text/html": "<u>" }) }), "<b><u></b>"],
];

test("elements, attributes, styles and components become HTML", () => {
  for (const [made, html] of cases) assert.equal(String(made), html);
  assert.deepEqual(h("b", null, "x")[DISPLAY](), {
    "text/html": "<b>x</b>",
    "text/plain": "<b>x</b>",
  });
});

test("what can't be HTML is refused, and says how to mend it", () => {
  const refused: [() => unknown, RegExp][] = [
    [() => h("b", { onClick: () => 1 }), /onClick.*events/],
    [() => h("b", null, {}), /Object.*String\(value\)/],
    [() => h("b", null, () => 1), /function/],
    [() => h("b", null, Promise.resolve(1)), /Await it/],
    [() => h("a b", null), /element's name/],
    [() => h(undefined, null), /undefined/],
    [() => h("b", { 'x" onload="': 1 }), /attribute's name/],
    [() => h(async () => "x", null), /Await it/],
  ];
  for (const [make, message] of refused) assert.throws(make, message);
});
