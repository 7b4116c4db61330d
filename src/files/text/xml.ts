import type { X2jOptions } from "fast-xml-parser";

/** What reads XML of a kind. */
export interface XmlReader {
  /** Why a text is not well-formed, and where; undefined if it is. */
  problem(text: string): { readonly line: number; readonly message: string } | undefined;
  /** The elements of a well-formed text; an error for names such as __proto__, and for very deep nesting. */
  parse(text: string): unknown;
}

/** Entities that a file defines, which could grow without end, stay as they are; so do numbers. */
const always = { processEntities: false, parseTagValue: false } as const;

/** A reader of XML that is loaded with the first text: most data sets have none, and a page would load it for nothing. */
export function xmlReader(options: X2jOptions): () => Promise<XmlReader> {
  let reader: Promise<XmlReader> | undefined;
  const load = async (): Promise<XmlReader> => {
    const { XMLParser, XMLValidator } = await import("fast-xml-parser");
    const parser = new XMLParser({ ...options, ...always });
    return {
      problem: (text) => {
        const valid = XMLValidator.validate(text);
        return valid === true ? undefined : { line: valid.err.line, message: valid.err.msg };
      },
      parse: (text) => parser.parse(text) as unknown,
    };
  };
  // A page that could not load it tries again with the next text.
  return () =>
    (reader ??= load().catch((error: unknown) => {
      reader = undefined;
      throw error;
    }));
}
