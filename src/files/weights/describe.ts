import { sizeOf } from "../../engine/graph/index.ts";
import {
  describeInitialWeights,
  initialWeightsKey,
  parseInitialWeights,
} from "./initial-weights.ts";
import { describe } from "./match.ts";
import { listNames } from "../text/list-names.ts";
import { byReason, describeStages, type UnderstoodWeights } from "./understand.ts";
import { storedBytes, type WeightsFile } from "./weights-file.ts";
import { textTable } from "../text/columns.ts";
import { inUnits } from "../text/units.ts";

/** Content of a weights file as a record for programs. */
export function weightsRecord(file: WeightsFile, understood: UnderstoodWeights): object {
  const { architecture, match, naming, dropped } = understood;
  return {
    file: file.name,
    format: file.format,
    bytes: file.size,
    naming: naming ?? null,
    architecture,
    tensors: file.tensors.map((tensor) => ({
      name: tensor.name,
      type: tensor.element.type,
      shape: tensor.shape,
      bytes: storedBytes(tensor),
    })),
    used: match?.used.map(({ parameter }) => parameter.name) ?? [],
    missing: match?.missing.map(({ name, shape }) => ({ name, shape })) ?? [],
    misfits: match?.misfits ?? [],
    extra: match?.extra ?? [],
    dropped,
    notes: file.notes,
  };
}

/** Content of a weights file as text: a table of the tensors, then the network they belong to. */
export function formatWeights(file: WeightsFile, understood: UnderstoodWeights): string {
  const rows = file.tensors.map((tensor) => [
    shorten(tensor.name),
    tensor.element.type,
    shorten(`[${tensor.shape.join(", ")}]`),
    inUnits(storedBytes(tensor)),
  ]);
  const values = file.tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const head = `${file.name}: ${file.format}, ${inUnits(file.size)}, ${file.tensors.length} tensors of ${values.toLocaleString("en-US")} values`;
  return [
    head,
    "",
    textTable([["tensor", "type", "shape", "size"], ...rows], (column) => column === 3),
    "",
    ...summary(file, understood),
  ].join("\n");
}

function summary(file: WeightsFile, understood: UnderstoodWeights): string[] {
  const { architecture, match, naming, dropped } = understood;
  const { backbone, decoderWidth, classes, parts } = architecture;
  const lines: string[] = file.notes.map((note) => `file: ${note}`);
  if (!parts.includes("encoder")) return [...lines, "network: not recognized"];
  const facts = [
    backbone ?? `unknown backbone: ${describeStages(architecture)}`,
    decoderWidth === undefined ? "" : `decoder of ${decoderWidth} channels`,
    classes === undefined ? "" : `${classes} classes`,
  ];
  lines.push(`network: ${facts.filter((fact) => fact !== "").join(", ")}`);
  lines.push(`parts: ${parts.join(", ")}; names of ${naming ?? "its own"}`);
  if (match) {
    const { used, missing, misfits, extra } = match;
    const assumed = decoderWidth === undefined || classes === undefined;
    const absent = missing.map((parameter) => `${parameter.name}, ${describe(parameter)}`);
    const differing = misfits.map((m) => `${m.name} is ${m.found}, needed is ${m.needed}`);
    lines.push(`used: ${used.length} of ${used.length + missing.length + misfits.length} tensors`);
    lines.push(...block(assumed ? "missing, shapes as with 20 classes" : "missing", absent));
    lines.push(...block("of another type or shape", differing));
    lines.push(...block("extra", extra));
  }
  const origin = parseInitialWeights(file.metadata[initialWeightsKey]);
  if (origin) lines.push(`trained from: ${describeInitialWeights(origin)}`);
  for (const [reason, names] of byReason(dropped)) {
    lines.push(`ignored: ${listNames(names)}: ${reason}`);
  }
  return lines;
}

function block(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}: ${lines.length}`, ...lines.map((line) => `  ${line}`)]; // prettier-ignore
}

/** Cuts a long name or shape: a damaged file may have names of any length. */
function shorten(text: string): string {
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
