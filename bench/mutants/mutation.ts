/** One edit of one source file. */
export interface Mutation {
  /** Path from the root of the repository, with slashes. */
  readonly file: string;
  readonly operator: string;
  /** Range of the replaced text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly before: string;
  readonly after: string;
  /** Counted from 1. */
  readonly line: number;
  /** Syntax of the replaced text, where it is known: a probe is put around it. */
  readonly place: "expression" | "statement" | "text";
}

export function mutated(text: string, { start, end, after }: Mutation): string {
  return text.slice(0, start) + after + text.slice(end);
}

/** The edit as one line: "file:line operator: before -> after". */
export function describeMutation({ file, line, operator, before, after }: Mutation): string {
  return `${file}:${line} ${operator}: ${oneLine(before)} -> ${oneLine(after)}`;
}

function oneLine(code: string): string {
  const text = code.replace(/\s+/g, " ");
  return text.length > 90 ? `${text.slice(0, 88)} …` : text;
}
