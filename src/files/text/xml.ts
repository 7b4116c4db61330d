import { SaxesParser } from "saxes";

/** An element of XML, with what is in it but for comments and processing instructions. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Elements and texts in their order. A text may come in several parts. */
  readonly children: readonly (XmlElement | string)[];
}

/** Why a text is no well-formed XML. */
export interface XmlProblem {
  readonly line: number;
  readonly message: string;
}

/** Most levels of elements. Files of annotations have some five. */
const deepest = 500;

/**
 * The outermost element of a text, in time and memory that grow with its length. Entities that a file defines, which could grow
 * without end, stay as they are.
 */
export function readXml(text: string): XmlElement | XmlProblem {
  const parser = new SaxesParser();
  const document = { name: "", attributes: {}, children: [] as (XmlElement | string)[] };
  const open = [document];
  const add = (words: string): void => void open.at(-1)!.children.push(words);
  parser.on("opentag", ({ name, attributes }) => {
    if (open.length > deepest) throw new Error(`nested more than ${deepest} levels deep`);
    const element = { name, attributes: attributes as Record<string, string>, children: [] };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on("closetag", () => void open.pop());
  parser.on("text", add);
  parser.on("cdata", add);
  parser.on("error", (error) => {
    if (!error.message.endsWith("undefined entity.")) throw error;
  });
  // For XML all ends of lines are the same.
  const lines = text.replace(/\r\n?/g, "\n");
  let isAtEnd = false;
  try {
    parser.write(lines);
    isAtEnd = true;
    parser.close();
  } catch (error) {
    const message = (error as Error).message.replace(/^\d+:\d+: |\.$/g, "");
    // The parser looks for the end of an entity up to that of the text.
    const bare = lines.indexOf("&", lines.lastIndexOf(";") + 1);
    if (isAtEnd && bare >= 0) {
      const line = lines.slice(0, bare).split("\n").length;
      return { line, message: 'an "&" begins no entity; it is written "&amp;"' };
    }
    return { line: parser.line, message };
  }
  return elementsIn(document)[0]!;
}

/** The elements directly inside another, of one name or all. */
export function elementsIn({ children }: XmlElement, name?: string): XmlElement[] {
  return children.filter(
    (child): child is XmlElement =>
      typeof child !== "string" && (name === undefined || child.name === name),
  );
}

/** The text of an element that has nothing else in it, trimmed. */
export function textOf({ children }: XmlElement): string | undefined {
  return children.every((child) => typeof child === "string") ? children.join("").trim() : undefined; // prettier-ignore
}
