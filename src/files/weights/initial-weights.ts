import type { InitialWeights } from "../../method/inference/initial-weights.ts";
import { parseJson } from "../text/parse-json.ts";

/** Key of the metadata of weights, exports and of a run's config.yaml under which the origin of first weights is stored. */
export const initialWeightsKey = "initialWeights";

/** Parses an origin that was stored as JSON; undefined if there is none that can be understood, as in older files. */
export function parseInitialWeights(text: string | undefined): InitialWeights | undefined {
  if (text === undefined) return undefined;
  try {
    return readInitialWeights(parseJson(text));
  } catch {
    return undefined;
  }
}

/** Reads a stored origin; undefined if it is none. */
export function readInitialWeights(value: unknown, depth = 0): InitialWeights | undefined {
  if (typeof value !== "object" || value === null || depth > 8) return undefined;
  const stored = value as Record<string, unknown>;
  const { source, files } = stored;
  if (typeof source !== "string") return undefined;
  const texts = ["repository", "revision", "commit", "license"].filter(
    (key) => typeof stored[key] === "string",
  );
  const from = readInitialWeights(stored["from"], depth + 1);
  const digests = Object.entries(files ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return {
    source,
    ...Object.fromEntries(texts.map((key) => [key, stored[key]])),
    ...(digests.length > 0 && { files: Object.fromEntries(digests) }),
    ...(from && { from }),
  };
}

/** Metadata that keeps an origin; empty without one. */
export function initialWeightsMetadata(
  origin: InitialWeights | undefined,
): Readonly<Record<string, string>> {
  return origin === undefined ? {} : { [initialWeightsKey]: JSON.stringify(origin) };
}

/** License of first weights, or of those that they were trained from. */
export function licenseOf(origin: InitialWeights): string | undefined {
  return origin.license ?? (origin.from && licenseOf(origin.from));
}

/** One line about first weights: `mit_b1 (nvidia/mit-b1, commit 0123456789), license: …`. */
export function describeInitialWeights(origin: InitialWeights): string {
  const { source, repository, commit, from } = origin;
  const facts = [
    ...(repository !== undefined && !source.startsWith(repository) ? [repository] : []),
    ...(commit === undefined ? [] : [`commit ${commit.slice(0, 10)}`]),
    ...(from ? [`trained from ${from.source}`] : []),
  ];
  const license = licenseOf(origin);
  const details = facts.length > 0 ? ` (${facts.join(", ")})` : "";
  return `${source}${details}${license === undefined ? "" : `, license: ${license}`}`;
}
