import type { Config } from "../../method/config.ts";
import { type Afa, backbones } from "../../method/model/index.ts";
import type { InitialWeights } from "../../method/inference/initial-weights.ts";
import { describeInitialWeights } from "../weights/initial-weights.ts";
import { preprocessingOf } from "./onnx.ts";

/** A trained network and its settings. */
export interface Described {
  readonly network: Afa;
  readonly config: Config;
  /** Foreground class names. */
  readonly classes: readonly string[];
  /** Origin of the weights that the training began with. */
  readonly initialWeights?: InitialWeights;
}

/** config.json of Hugging Face's SegFormer for a network; label 0 is background. */
export function segformerConfig(
  { network, config, classes }: Described,
  externalData: boolean,
): Record<string, unknown> {
  const { channels, depths, heads, reductions, ratios } = backbones[config.model.backbone];
  const labels = ["background", ...classes];
  return {
    architectures: ["SegformerForSemanticSegmentation"],
    model_type: "segformer",
    num_channels: 3,
    num_encoder_blocks: depths.length,
    depths,
    hidden_sizes: channels,
    num_attention_heads: heads,
    sr_ratios: reductions,
    patch_sizes: [7, 3, 3, 3],
    strides: [4, 2, 2, 1],
    mlp_ratios: ratios,
    hidden_act: "gelu",
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    classifier_dropout_prob: config.model.dropout,
    drop_path_rate: config.model.dropPath,
    layer_norm_eps: 1e-6,
    decoder_hidden_size: network.decoder.width,
    semantic_loss_ignore_index: 255,
    num_labels: labels.length,
    id2label: Object.fromEntries(labels.map((name, label) => [label, name])),
    label2id: Object.fromEntries(labels.map((name, label) => [name, label])),
    torch_dtype: "float32",
    // Browsers would ask for a quantized file otherwise.
    "transformers.js_config": {
      dtype: "fp32",
      ...(externalData && { use_external_data_format: { "model.onnx": true } }),
    },
  };
}

/**
 * preprocessor_config.json: the long side resized, levels scaled to 0..1 and normalized. The size is a number, the only
 * form that all readers understand: transformers.js resizes the long side to it, Python's processor both sides, since it
 * wants a height and a width, which a number means to it, and refuses the size of an edge.
 */
export function segformerProcessor(config: Config): Record<string, unknown> {
  const { longSide, rescale, mean, std } = preprocessingOf(config);
  return {
    image_processor_type: "SegformerImageProcessor",
    // What the library's second version looks for.
    feature_extractor_type: "SegformerFeatureExtractor",
    do_resize: true,
    size: longSide,
    resample: 2, // bilinear
    do_rescale: true,
    rescale_factor: rescale,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
    do_reduce_labels: false,
  };
}

/** README.md of the folder: what the model is and how to run it. */
export function segformerReadme({ config, classes, initialWeights }: Described): string {
  const { longSide, mean, std } = preprocessingOf(config);
  return `---
library_name: transformers.js
pipeline_tag: image-segmentation
${initialWeights?.repository === undefined ? "" : `base_model: ${initialWeights.repository}\n`}---

Semantic segmentation (AFA, ${config.model.backbone}), trained from image tags by tag2mask.

\`\`\`js
import { pipeline } from "@huggingface/transformers";

const segmenter = await pipeline("image-segmentation", "<this folder or its place on the hub>");
const masks = await segmenter("photo.jpg"); // [{ label, mask }, …]
\`\`\`

\`onnx/model.onnx\` takes \`pixel_values\` [batch, 3, height, width]: RGB, long side resized to ${longSide}, scaled
to 0..1, less mean [${mean.join(", ")}], divided by std [${std.join(", ")}]. It gives \`logits\` [batch, ${classes.length + 1},
height/4, width/4] of the labels and \`tag_logits\` [batch, ${classes.length}], above 0 where a class is in the image.

${initialWeights === undefined ? "" : `Trained from the weights ${describeInitialWeights(initialWeights)}.\n\n`}Labels: ${["background", ...classes].map((name, i) => `${i} ${name}`).join(", ")}.
`;
}
