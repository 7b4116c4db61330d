import type { X2jOptions, XMLParser } from "fast-xml-parser";

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
  let parser: XMLParser | undefined;
  return async () => {
    const { XMLParser, XMLValidator } = await import("fast-xml-parser");
    const own = (parser ??= new XMLParser({ ...options, ...always }));
    return {
      problem: (text) => {
        const valid = XMLValidator.validate(text);
        return valid === true ? undefined : { line: valid.err.line, message: valid.err.msg };
      },
      parse: (text) => own.parse(text) as unknown,
    };
  };
}
