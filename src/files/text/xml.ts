import { parseXml, XmlElement, XmlError, XmlText } from "@rgrove/parse-xml";

/** Why a text is no well-formed XML. */
export interface XmlProblem {
  readonly line?: number;
  readonly message: string;
}

/** The outermost element of a text. Entities that a file defines, which could grow without end, stay as they are. */
export function readXml(text: string): XmlElement | XmlProblem {
  try {
    return parseXml(text, { ignoreUndefinedEntities: true }).root!;
  } catch (error) {
    // Every level of elements is a call.
    if (error instanceof RangeError) return { message: "it is nested too deeply" };
    if (!(error instanceof XmlError)) throw error;
    // Its place, and the letters around that, follow the reason.
    const [reason] = error.message.split(" (line ") as [string];
    return { line: error.line, message: reason };
  }
}

/** The elements directly inside another, of one name or all. */
export function elementsIn({ children }: XmlElement, name?: string): XmlElement[] {
  return children.filter(
    (child): child is XmlElement =>
      child instanceof XmlElement && (name === undefined || child.name === name),
  );
}

/** The text of an element that has nothing else in it, trimmed. */
export function textOf({ children }: XmlElement): string | undefined {
  const texts = children.filter((child) => child instanceof XmlText);
  return texts.length < children.length ? undefined : texts.map(({ text }) => text).join("").trim(); // prettier-ignore
}
