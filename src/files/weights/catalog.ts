import { nearest } from "../../method/config/nearest.ts";
import type { BackboneName } from "../../method/model/index.ts";
import { UserError } from "../../user-error.ts";

/** A file of a repository, or of several files the first that is there. */
export interface WeightsLocation {
  /** `owner/name`. */
  readonly repository: string;
  readonly revision: string;
  /** Path of the file; undefined for the repository's usual one. */
  readonly file?: string;
}

/** Weights that one word names. */
export interface CatalogEntry {
  readonly name: string;
  /** Backbone that they are of. */
  readonly backbone: BackboneName;
  /** Places in the order of preference. */
  readonly locations: readonly WeightsLocation[];
  readonly license: string;
  /** Bytes of the file: four for each parameter, with those of the classifier of ImageNet. */
  readonly bytes: number;
}

const nvidia =
  "NVIDIA Source Code License for SegFormer: research and evaluation only " +
  "(https://github.com/NVlabs/SegFormer/blob/master/LICENSE)";

const sizes = [0, 1, 2, 3, 4, 5] as const;

/** Millions of parameters with the classifier, by size. */
const parameters = {
  // As timm's table of models has them.
  pvt: [3.67, 14.01, 25.36, 45.24, 62.56, 81.96],
  // Counted in the networks.
  mit: [3.58, 13.66, 24.71, 44.58, 61.36, 81.96],
} as const;

/** ImageNet-1k weights that are fetched by name. */
export const weightsCatalog: readonly CatalogEntry[] = [
  ...sizes.map((size): CatalogEntry => {
    const name = `pvt_v2_b${size}` as const;
    const repository = `timm/${name}.in1k`;
    return {
      name,
      backbone: name,
      locations: [{ repository, revision: "main", file: "model.safetensors" }],
      license: "Apache-2.0",
      bytes: parameters.pvt[size] * 4e6,
    };
  }),
  ...sizes.map((size): CatalogEntry => {
    const name = `mit_b${size}` as const;
    return {
      name,
      backbone: name,
      locations: [
        { repository: `nvidia/mit-b${size}`, revision: "main", file: "pytorch_model.bin" },
        { repository: `smp-hub/${name}.imagenet`, revision: "main", file: "model.safetensors" },
      ],
      license: nvidia,
      bytes: parameters.mit[size] * 4e6,
    };
  }),
];

/** Files of a repository in the order in which they are looked for. */
export const usualFiles: readonly string[] = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
];

/** First weights as a person names them. */
export type WeightsSource =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "catalog"; readonly entry: CatalogEntry }
  | { readonly kind: "repository"; readonly name: string; readonly location: WeightsLocation };

const pathEnding = /\.(?:pth|pt|bin|ckpt|safetensors|onnx|npz|h5|json)$/i;
const repositoryPattern = /^([\w.-]+\/[\w.-]+)(?:@([^:@]+))?(?::(.+))?$/;

/**
 * The meaning of a source that is no existing file or folder: a path if it looks like one, a name of the catalog, or
 * `owner/repository[@revision][:file]`. Anything else is a UserError with the nearest name.
 */
export function parseWeightsSource(
  text: string,
  catalog: readonly CatalogEntry[] = weightsCatalog,
): WeightsSource {
  const entry = catalog.find(({ name }) => name === text);
  if (entry) return { kind: "catalog", entry };
  const [, repository, revision = "main", file] = repositoryPattern.exec(text) ?? [];
  // `weights/mit.pth` is a path, `owner/name:mit.pth` a file of a repository.
  const isPath =
    /^(?:[.~]{0,2}[\\/]|[A-Za-z]:[\\/])/.test(text) ||
    (file === undefined && pathEnding.test(text));
  if (isPath) return { kind: "path", path: text };
  if (repository !== undefined) {
    const location = { repository, revision, ...(file !== undefined && { file }) };
    return { kind: "repository", name: text, location };
  }
  if (/[\\/]/.test(text)) return { kind: "path", path: text };
  const names = catalog.map(({ name }) => name);
  const guess = nearest(text.replaceAll("-", "_"), names);
  throw new UserError(
    `${text}: no such weights: neither a file or folder nor one of ${names.join(", ")}` +
      (guess === undefined ? "; give owner/repository for others" : `; did you mean ${guess}?`),
    { code: "not-found" },
  );
}
