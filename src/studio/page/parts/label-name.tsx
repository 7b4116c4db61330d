import { ignoreIndex } from "../../../method/images/image.ts";
import { useStudio, type StudioView } from "./studio.tsx";

/** What a label is called. */
export function labelName({ t, project }: StudioView, label: number): string {
  if (label === 0) return t.label.background;
  if (label === ignoreIndex) return t.label.notKnown;
  return project.classes[label - 1] ?? `#${label - 1}`;
}

/** The color of a label; hatched where it is not known. */
export function LabelSwatch({ label }: { readonly label: number }) {
  const { colorOf } = useStudio();
  if (label === 0) return <i className="swatch is-background" />;
  if (label === ignoreIndex) return <i className="swatch is-unknown" />;
  return <i className="swatch" style={{ background: colorOf(label - 1) }} />;
}
