import {
  CORE_SCHEMA,
  DEFAULT_SCALAR_STYLE_RULES,
  defineMappingTag,
  defineSequenceTag,
  dump,
  loadAll,
  mapTag,
  SCALAR_STYLE,
  seqTag,
  strTag,
  YAMLException,
  type ScalarStyleRule,
} from "js-yaml";

/** A text that is not YAML, in one line. */
export class YamlError extends SyntaxError {
  constructor(
    message: string,
    /** The line that is wrong, from 1, where one is known. */
    readonly line: number | undefined,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** Deepest nesting that is read: settings and lists of names need four levels. */
const deepest = 100;

/** Most aliases in a text: they can make what it says some forty times as long as it is, and no longer. */
const mostAliases = 9;

/** Characters that are read once more, at most, for what `mended` mends, one place at a time. */
const readAgain = 2 ** 20;

/** Reasons that the library gives. */
const [atMargin, complexKey] = ["deficient indentation", "object-based map"] as const;

const schema = CORE_SCHEMA.withTags(
  // The library refuses an alias of what is not finished where it could become something else, which these do not. So no value
  // contains itself.
  defineSequenceTag(seqTag.tagName, seqTag),
  defineMappingTag(mapTag.tagName, mapTag),
);

/** The value of a YAML text: null for an empty one, a YamlError for one that cannot be read. */
export function parseYamlSync(text: string): unknown {
  refuseSecondDocument(text);
  try {
    const documents = readDocuments(text);
    if (documents.length <= 1) return documents[0] ?? null;
  } catch (error) {
    if (error instanceof YamlError) throw error;
    if (!(error instanceof YAMLException)) {
      throw new YamlError((error as Error).message, undefined, error);
    }
    const { reason, mark } = error;
    // Of a key that is a list or map it does not know the place.
    const line = mark && !reason.startsWith(complexKey) ? mark.line + 1 : undefined;
    throw new YamlError(inWords(reason), line, error);
  }
  const border = [...text.matchAll(/^(?:---|\.\.\.)(?=\s|$)/gm)].at(-1)?.index;
  throw secondDocument(text, border);
}

/** Before thousands of documents are read, which takes long. */
function refuseSecondDocument(text: string): void {
  const starts = text.matchAll(/^---(?=\s|$)/gm);
  starts.next();
  const second = starts.next();
  if (second.done !== true) throw secondDocument(text, second.value.index);
}

function secondDocument(text: string, start: number | undefined): YamlError {
  const line = text.slice(0, start).split(/\r\n?|\n/).length;
  return new YamlError("it has more than one document", line, undefined);
}

function readDocuments(text: string): unknown[] {
  let source = text;
  for (let left = readAgain; ;) {
    try {
      return loadAll(source, { schema, maxDepth: deepest, maxAliases: mostAliases });
    } catch (error) {
      if (!(error instanceof YAMLException) || !error.mark || error.reason !== atMargin) {
        throw error;
      }
      const { position, column, line } = error.mark;
      const changed = mended(source, position, column);
      if (changed === undefined) throw error;
      left -= source.length;
      if (left < 0) {
        const reason = "it is too long for tabs in lists, and for closing brackets that begin a line; write spaces before such brackets and in place of the tabs"; // prettier-ignore
        throw new YamlError(reason, line + 1, error);
      }
      source = changed;
    }
  }
}

/**
 * A text with spaces where the library wants them before it goes on in a list or map in brackets, and people and Python do not:
 * before a closing bracket that begins a line, and for tabs before an entry. Undefined if it is neither.
 */
function mended(text: string, position: number, column: number): string | undefined {
  const lineStart = position - column;
  const line = text.slice(lineStart, position);
  const after = text.slice(position);
  if (/^[\]}]/.test(after) && /^ *$/.test(line)) return `${text.slice(0, position)} ${after}`;
  const end = /[[{]$/.test(line) ? column - 1 : column;
  let start = end;
  while (/[\t ]/.test(line.charAt(start - 1))) start--;
  const isIndentation = start === 0;
  if (isIndentation || !line.slice(start, end).includes("\t")) return undefined;
  return `${text.slice(0, lineStart + start)}${" ".repeat(end - start)}${text.slice(lineStart + end)}`;
}

/** The library's reason, or another where it speaks of its own options, or says too little. */
function inWords(reason: string): string {
  const found = reasons.find(([start]) => reason.startsWith(start));
  return found?.[1] ?? reason.replace(/^(recursive alias ".*") is .*/, "$1");
}

const reasons: readonly (readonly [start: string, words: string])[] = [
  [atMargin, "brackets or quotes are not closed, or go on without an indentation by spaces"],
  [complexKey, "a list or map cannot be a key"],
  ["nesting exceeded", `it is nested more than ${deepest} levels deep`],
  ["aliases exceeded", `it has more than ${mostAliases} aliases`],
  [
    "bad indentation of a",
    'its indentation is wrong, or a text needs quotes around it: one with ": " or quotes in it, or that begins with @, %, ` or the like',
  ],
  [
    "missed comma",
    "a comma is missing in a list or map, or a text in it needs quotes around it: one that begins with @, %, ` or the like",
  ],
  [
    "end of the stream",
    "it goes on where it should have ended; in this line or the one before, a space may be missing after a colon",
  ],
];

/** The YAML of a value, for readers of YAML 1.1 as well, which is what Python reads, and where a plain `no` is no text. */
export function writeYamlSync(value: unknown): string {
  return dump(value, {
    lineWidth: -1,
    noRefs: true,
    quoteStyle: "double",
    scalarStyleRules: [quoteDoubtful, ...Object.values(DEFAULT_SCALAR_STYLE_RULES)],
  });
}

/**
 * Quotes texts that begin like a number, since `1e999`, `e5`, `0x_` or `2020-99-99` is one, or an error, to one reader or
 * another, and keys that begin like the mark of a document.
 */
const quoteDoubtful: ScalarStyleRule = (layout) => {
  const { tag, value } = layout.node;
  const isDoubtful = /^(?:[-+._]*(?:\d|e[-+\d]|$)|---|\.\.\.)/i.test(value);
  if (tag === strTag.tagName && isDoubtful) layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
};
