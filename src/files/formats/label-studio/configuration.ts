import { shown, UserError } from "../../../user-error.ts";
import { elementsIn, readXml, type XmlElement } from "../../text/xml.ts";

/** Most letters of a labeling configuration. */
const longest = 1 << 20;

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
  const images = all.filter(({ name }) => name === "Image");
  const brushes = all.filter(({ name }) => name === "BrushLabels");
  if (brushes.length === 0) {
    const others = all.map(({ name }) => name).filter((name) => /Labels$/.test(name));
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
      (one) => one.name === "Choices" && namesIn(attribute(one, "toName")).includes(to),
    );
    return {
      name,
      image: to,
      field: value.slice(1),
      labels: elementsIn(brush, "Label").flatMap(labelOf),
      choices: choices.map((one) => attribute(one, "name") ?? ""),
    };
  });
}

/** All elements of a configuration, each before those in it. */
function elementsOf(configuration: string): XmlElement[] {
  const where = "labeling configuration";
  if (configuration.length > longest) {
    throw new UserError(`${where}: has ${configuration.length} letters, at most ${longest} are read`); // prettier-ignore
  }
  const root = readXml(configuration);
  if ("message" in root) {
    throw new UserError(`${where}: line ${root.line}: not readable as XML: ${root.message}`);
  }
  const elements: XmlElement[] = [];
  const left = [root];
  for (let element = left.pop(); element; element = left.pop()) {
    elements.push(element);
    for (const child of elementsIn(element).reverse()) left.push(child);
  }
  return elements;
}

function labelOf(label: XmlElement): BrushLabel[] {
  const value = attribute(label, "value");
  if (value === undefined || value === "") return [];
  const alias = attribute(label, "alias");
  return [{ value, ...(alias !== undefined && alias !== "" && { alias }) }];
}

function namesIn(list: string | undefined): string[] {
  return (list ?? "").split(",").map((name) => name.trim());
}

function attribute({ attributes }: XmlElement, name: string): string | undefined {
  return attributes[name]?.trim();
}
