/** Numbers that trip those who trust them, as they are written in a text. */
export const numbers: readonly string[] = [
  ...["0", "-0", "-1", "0.5", "1e9", "-1e9", "1e308", "1e999", "-1e999", "NaN", "Infinity"],
  ...[
    "255",
    "256",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "99999999999999999999",
    "1e-320",
  ],
];

/** Texts that trip those who trust them. */
export const texts: readonly string[] = [
  ...["", " ", "__proto__", "constructor", "toString", "hasOwnProperty", "null", "true"],
  ...["../../x", "/etc/passwd", "C:\\x", "a\0b", "\ud800", "\u202e", "=1+1", "\r\n", "*", "%E0"],
  ...["data:image/png;base64,AAAA", "a/".repeat(300), "x".repeat(5000), "background", "255"],
];

/** Depths of nesting: one that is allowed, and some that end in a stack overflow where they are followed without care. */
export const depths: readonly number[] = [40, 40, 40, 40, 600, 600, 3000, 3000, 3000, 100_000];

/** What trips parsers of bytes: edges of integers, and first letters of other formats. */
export const pieces: readonly Uint8Array[] = [
  [0],
  [0xff],
  [0x7f],
  [0x80],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x50, 0x4b, 5, 6],
  // Opcodes of pickles that call, build, jump or take lengths.
  [0x52],
  [0x62],
  [0x81],
  [0x93],
  [0x2e],
  [0x8b, 0xff, 0xff, 0xff, 0x7f],
  [0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0],
  [0x42, 0xff, 0xff, 0xff, 0x7f],
  [0x63, ...Buffer.from("os\nsystem\n")],
].map((bytes) => Uint8Array.from(bytes));

/** What trips parsers of texts. */
export const words: readonly Uint8Array[] = [
  ..."\"';,:{}[]<>&*!|#\n\r\t\0\\- \uFEFF\uD800",
  ...[
    "*n",
    "&n",
    "!!js/function 'function(){}'",
    "<<: *n",
    "[[[[[[",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
  ],
  ...["[".repeat(3000), '{"a":'.repeat(2000), "<a>".repeat(2000), ...numbers, ...texts],
].map((word) => Uint8Array.from(Buffer.from(word)));
