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

/** Characters that are read once more, at most, for closing brackets at the margin. */
const readAgain = 2 ** 20;

/** Reasons that the library gives. */
const [atMargin, complexKey] = ["deficient indentation", "object-based map"];

const schema = CORE_SCHEMA.withTags(
  // The library refuses an alias of what is not finished where it could become something else, which these do not. So no value
  // contains itself.
  defineSequenceTag(seqTag.tagName, seqTag),
  defineMappingTag(mapTag.tagName, mapTag),
);

/** The value of a YAML text: null for an empty one, a YamlError for one that cannot be read. */
export function parseYamlSync(text: string): unknown {
  try {
    const documents = readDocuments(text);
    if (documents.length <= 1) return documents[0] ?? null;
  } catch (error) {
    if (!(error instanceof YAMLException)) {
      throw new YamlError((error as Error).message, undefined, error);
    }
    const { reason, mark } = error;
    // Of a key that is a list or map it does not know the place.
    const line = mark && !reason.startsWith(complexKey) ? mark.line + 1 : undefined;
    throw new YamlError(inWords(reason), line, error);
  }
  const border = [...text.matchAll(/^(?:---|\.\.\.)(?=\s|$)/gm)].at(-1)?.index;
  throw new YamlError(
    "it has more than one document",
    text.slice(0, border).split(/\r\n?|\n/).length,
    undefined,
  );
}

function readDocuments(text: string): unknown[] {
  let source = text;
  for (let left = readAgain; ;) {
    try {
      return loadAll(source, { schema, maxDepth: deepest, maxAliases: mostAliases });
    } catch (error) {
      const place = bracketAtMargin(source, error);
      left -= source.length;
      if (place === undefined || left < 0) throw error;
      source = `${source.slice(0, place)} ${source.slice(place)}`;
    }
  }
}

/**
 * Where a closing bracket that begins a line is the reason of an error. YAML wants it further to the right than the key, the
 * library too, but people write it below the first letter, and Python reads it.
 */
function bracketAtMargin(text: string, error: unknown): number | undefined {
  if (!(error instanceof YAMLException) || !error.mark) return undefined;
  const { position, column } = error.mark;
  const line = text.slice(position - column, position + 1);
  return error.reason === atMargin && /^ *[\]}]$/.test(line) ? position : undefined;
}

/** The library's reason, or another where it speaks of its own options, or says too little. */
function inWords(reason: string): string {
  if (reason === atMargin) {
    return "brackets or quotes are not closed, or go on without an indentation by spaces";
  }
  if (reason.startsWith(complexKey)) return "a list or map cannot be a key";
  if (reason.startsWith("nesting exceeded")) return `it is nested more than ${deepest} levels deep`;
  if (reason.startsWith("aliases exceeded")) return `it has more than ${mostAliases} aliases`;
  return reason.replace(/^(recursive alias ".*") is .*/, "$1");
}

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
