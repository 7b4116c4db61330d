/** Options of jobs that a remedy can name. */
export type RemedyOption =
  | "allowMissing"
  | "backbone"
  | "boxes"
  | "classes"
  | "crf"
  | "crop"
  | "data"
  | "device"
  | "flip"
  | "format"
  | "from"
  | "images"
  | "layout"
  | "highThreshold"
  | "longSide"
  | "lowThreshold"
  | "out"
  | "overwrite"
  | "precision"
  | "resetHeads"
  | "resume"
  | "scales"
  | "mergeCase"
  | "shapes"
  | "shardSize"
  | "tagsOut"
  | "unannotated"
  | "useMasks"
  | "weights";

/** Jobs that a remedy can propose to run. */
export type RemedyJob =
  "convert" | "data" | "eval" | "export" | "label" | "merge" | "segment" | "train" | "weights";

/** A way to fix an error, as data: each front end words it in its own terms, such as flags or buttons. */
export type Remedy =
  /** Set an option, to `value` if one is proposed; `instead` means another value than the current one. */
  | {
      readonly kind: "option";
      readonly name: RemedyOption;
      readonly value?: string;
      readonly instead?: boolean;
      /** Effect of the option, as a clause: "writes the predictions". */
      readonly purpose?: string;
    }
  /** Write into an empty or new folder. */
  | { readonly kind: "empty-folder" }
  /** Leave this option out. */
  | { readonly kind: "omit"; readonly name: RemedyOption }
  /** Change a setting of the configuration, such as `train.lr`. */
  | { readonly kind: "setting"; readonly key: string; readonly value?: string }
  /** Train again with a lower value of a setting, from these weights if there are any. */
  | {
      readonly kind: "retrain";
      readonly key: string;
      readonly current: number;
      readonly weights?: string;
    }
  /** Install ONNX Runtime's CUDA libraries with its own script. */
  | { readonly kind: "cuda-libraries" }
  /** Run tasks of a job again that is divided between several. */
  | { readonly kind: "tasks"; readonly tasks: readonly number[]; readonly of: number }
  /** Run another job; `options` are its own, by name. */
  | {
      readonly kind: "job";
      readonly name: RemedyJob;
      readonly argument?: string;
      readonly options?: Readonly<Record<string, string | true>>;
      /** Reason, as a clause: "lists all of them". */
      readonly purpose?: string;
    };

/** Most characters of a value from a file that a message quotes. */
const longestQuote = 200;

/** Longest name of a file on any file system. */
const longestName = 255;

/** The beginning of a value for a message: at most 200 characters, and how many there are if that is not all. */
export function excerpt(value: string): string {
  if (value.length <= longestQuote) return value;
  // Half of a pair is no letter.
  const start = value.slice(0, longestQuote).replace(/[\ud800-\udbff]$/, "");
  return `${start}… (${value.length} characters)`;
}

/** A value from a file for a message: as JSON, cut like any other. */
export function shown(value: unknown): string {
  // JSON has no NaN.
  if (typeof value === "number") return String(value);
  try {
    return excerpt(JSON.stringify(value) ?? String(value));
  } catch {
    return "something nested too deeply";
  }
}

/** A message with excerpts of the values in double quotes, and of words that are too long even for the name of a file. */
export function withExcerpts(message: string): string {
  if (message.length <= longestQuote) return message;
  return message
    .replace(/"((?:[^"\\]|\\.)*)"/g, (_, value: string) => `"${excerpt(value)}"`)
    .replace(/[^\s/\\;:,]+/g, (word) => (word.length > longestName ? excerpt(word) : word));
}

/** Most characters of a message, of which the beginning says where and the end what to do. */
const [longestMessage, keptStart, keptEnd] = [1000, 600, 300];

/** A message without its middle if that is too long, as with several lists or with names that are no words. */
function withinBounds(message: string): string {
  if (message.length <= longestMessage) return message;
  return `${message.slice(0, keptStart)}… ${message.slice(-keptEnd)}`;
}

/** A message in one line, whatever values of a file it quotes. */
function inOneLine(message: string): string {
  // eslint-disable-next-line no-control-regex -- these are what a file may have in a value
  return message.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
}

export interface UserErrorOptions extends ErrorOptions {
  /** Kind of the error in kebab-case, for programs; "invalid-input" by default. */
  readonly code?: string;
  /** Ways to fix the error, each of which is enough; the message does not repeat them. */
  readonly remedies?: readonly Remedy[];
}

/**
 * An error that the user can fix: in a file, an option, a value. Front ends print the message alone, without a stack,
 * followed by the remedies in their own words. Messages read `where: what is wrong, with both values; what to do`, where
 * the last part is left to `remedies` if it takes an option or a command. Of a value from a file they quote at most 200
 * characters: longer ones in double quotes, or without a space, are cut here. They are one line: line breaks in a value
 * become spaces, and of more than 1,000 characters the middle is left out.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly code: string;
  readonly remedies: readonly Remedy[];

  constructor(
    message: string,
    { code = "invalid-input", remedies = [], ...options }: UserErrorOptions = {},
  ) {
    super(withinBounds(withExcerpts(inOneLine(message))), options);
    this.code = code;
    this.remedies = remedies;
  }
}
