import type { NdArray } from "../../engine/graph/index.ts";
import type { Config } from "../config.ts";
import type { InitialWeights } from "./initial-weights.ts";
import type { Afa } from "../model/index.ts";

/** A trained network with its settings and classes. */
export interface OpenedModel {
  /** Path of the weights file. */
  readonly file: string;
  readonly network: Afa;
  /** Weights and buffers by name. */
  readonly parameters: Readonly<Record<string, NdArray>>;
  readonly config: Config;
  /** Foreground class names. */
  readonly classes: readonly string[];
  /** Training steps so far. */
  readonly step: number;
  /** Origin of the weights that the training began with, where it is stored. */
  readonly initialWeights?: InitialWeights;
}

/** An exported model (.onnx) with its settings and classes; it can only segment. */
export interface ExportedModel {
  /** Path of the .onnx file. */
  readonly file: string;
  /** Always null: the network exists only inside the file. */
  readonly network: null;
  readonly config: Config;
  /** Foreground class names. */
  readonly classes: readonly string[];
  /** Training steps so far. */
  readonly step: number;
}
