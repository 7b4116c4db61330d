import { XMLParser, XMLValidator } from "fast-xml-parser";
import { shown, UserError } from "../../../user-error.ts";
import { isObject, type Fields } from "../text-files.ts";

/** Most letters of a labeling configuration. */
const longest = 1 << 20;

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  processEntities: false,
  parseTagValue: false,
});

/** A label of a brush, under the name that results have. */
export interface BrushLabel {
  readonly value: string;
  /** A shorter name that results may have in its place. */
  readonly alias?: string;
}

/** A control of a labeling configuration by which an image is painted. */
export interface BrushControl {
  readonly name: string;
  /** Name of its image. */
  readonly image: string;
  /** The field of a task's data that has the image's address. */
  readonly field: string;
  readonly labels: readonly BrushLabel[];
  /** Names of the lists of choices that belong to the image. */
  readonly choices: readonly string[];
}

/** The brushes of a labeling configuration. A UserError if it has none, or if the image is none of a task's own. */
export function brushControls(configuration: string): BrushControl[] {
  const all = elementsOf(configuration);
  const images = all.filter(({ tag }) => tag === "Image");
  const brushes = all.filter(({ tag }) => tag === "BrushLabels");
  if (brushes.length === 0) {
    const others = all.map(({ tag }) => tag).filter((tag) => /Labels$/.test(tag));
    const found = others.length === 0 ? "" : `, only <${[...new Set(others)].join(">, <")}>`;
    throw new UserError(
      `labeling configuration: has no <BrushLabels>${found}; masks are labels of a brush, so add one for the image`,
    );
  }
  return brushes.map((brush): BrushControl => {
    const name = attribute(brush, "name") ?? "";
    const targets = namesIn(attribute(brush, "toName"));
    const image = images.find((one) => targets.includes(attribute(one, "name") ?? ""));
    if (!image || name === "") {
      throw new UserError(
        `labeling configuration: <BrushLabels name=${shown(name)}> has toName=${shown(targets.join(","))}, which is no <Image>`,
      );
    }
    const to = attribute(image, "name")!;
    const value = attribute(image, "value") ?? "";
    if (!/^\$[^.[\]]+$/.test(value)) {
      throw new UserError(
        `labeling configuration: <Image name=${shown(to)}> has value=${shown(value)}; expected one image of the task, as in value="$image"`,
      );
    }
    const choices = all.filter(
      (one) => one.tag === "Choices" && namesIn(attribute(one, "toName")).includes(to),
    );
    return {
      name,
      image: to,
      field: value.slice(1),
      labels: childrenOf(brush, "Label").flatMap(labelOf),
      choices: choices.map((one) => attribute(one, "name") ?? ""),
    };
  });
}

interface Element {
  readonly tag: string;
  readonly fields: Fields;
}

function elementsOf(configuration: string): Element[] {
  const where = "labeling configuration";
  if (configuration.length > longest) {
    throw new UserError(`${where}: has ${configuration.length} letters, at most ${longest} are read`); // prettier-ignore
  }
  const valid = XMLValidator.validate(configuration);
  if (valid !== true) {
    throw new UserError(`${where}: line ${valid.err.line}: not readable as XML: ${valid.err.msg}`);
  }
  let root: unknown;
  try {
    root = parser.parse(configuration);
  } catch (error) {
    throw new UserError(`${where}: not readable as XML: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const elements: Element[] = [];
  const collect = (fields: unknown): void => {
    if (!isObject(fields)) return;
    for (const tag of Object.keys(fields).filter((key) => /^\w/.test(key))) {
      for (const child of childrenOf({ tag, fields }, tag)) {
        elements.push(child);
        collect(child.fields);
      }
    }
  };
  collect(root);
  return elements;
}

/** The elements of a kind directly inside another; one without attributes is read as a text. */
function childrenOf({ fields }: Element, tag: string): Element[] {
  return [fields[tag]].flat().flatMap((one) => (isObject(one) ? [{ tag, fields: one }] : []));
}

function labelOf(label: Element): BrushLabel[] {
  const value = attribute(label, "value");
  if (value === undefined || value === "") return [];
  const alias = attribute(label, "alias");
  return [{ value, ...(alias !== undefined && alias !== "" && { alias }) }];
}

function namesIn(list: string | undefined): string[] {
  return (list ?? "").split(",").map((name) => name.trim());
}

/** The entities that XML has by itself; a configuration cannot define others. */
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }; // prettier-ignore

function attribute({ fields }: Element, name: string): string | undefined {
  const value = fields[`@${name}`];
  if (value === undefined) return undefined;
  return String(value).replace(
    /&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([\da-f]{1,6}));/gi,
    (text, known?: string, decimal?: string, hex?: string) => {
      if (known !== undefined) return entities[known.toLowerCase()]!;
      const code = decimal === undefined ? parseInt(hex!, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : text;
    },
  );
}
