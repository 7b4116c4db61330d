import { useState } from "react";
import { ignoreIndex } from "../../../method/images/image.ts";
import { Dialog } from "../parts/dialog.tsx";
import { labelName } from "../parts/label-name.tsx";
import { PickList, type Choice } from "../parts/pick-list.tsx";
import { useStudio } from "../parts/studio.tsx";
import { keyOfPlace } from "./label-palette.tsx";

/** Chooses what to paint by typing a part of its name. */
export function ClassSearch({
  palette,
  onPick,
  onClose,
}: {
  readonly palette: readonly number[];
  readonly onPick: (label: number) => void;
  readonly onClose: () => void;
}) {
  const studio = useStudio();
  const { t, colorOf } = studio;
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const choices = palette
    .map((label): Choice => ({
      id: String(label),
      label: labelName(studio, label),
      keys: keyOfPlace(palette, label),
      ...(label !== 0 && label !== ignoreIndex && { color: colorOf(label - 1) }),
    }))
    .filter(({ label }) => label.toLowerCase().includes(wanted))
    // Names that begin so come first.
    .sort((a, b) => Number(startsWith(b, wanted)) - Number(startsWith(a, wanted)));
  return (
    <Dialog title={t.review.pickClass} isTitleHidden className="palette" onClose={onClose}>
      <PickList
        label={t.review.className}
        text={text}
        onText={setText}
        choices={choices}
        none={t.review.noClass}
        onPick={({ id }) => {
          onClose();
          onPick(Number(id));
        }}
      />
    </Dialog>
  );
}

function startsWith({ label }: Choice, wanted: string): boolean {
  return label.toLowerCase().startsWith(wanted);
}
