import { useState } from "react";
import { Dialog } from "../parts/dialog.tsx";
import { PickList, type Choice } from "../parts/pick-list.tsx";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatNumber } from "../text.ts";

/** Chooses a class by typing a part of its name, or makes a new one of what was typed. */
export function ClassPicker({
  first,
  onPick,
  onCreate,
  onClose,
}: {
  /** What was typed before. */
  readonly first: string;
  readonly onPick: (tag: number) => void;
  readonly onCreate: (name: string) => void;
  readonly onClose: () => void;
}) {
  const { t, project, colorOf } = useStudio();
  const [text, setText] = useState(first);
  const wanted = text.trim().toLowerCase();
  const found = project.classes
    .map((name, tag) => ({ name, tag, at: name.toLowerCase().indexOf(wanted) }))
    .filter(({ at }) => at >= 0)
    // Names that begin so come first.
    .sort((a, b) => Number(a.at > 0) - Number(b.at > 0) || a.tag - b.tag);
  const isNew = wanted !== "" && !found.some(({ name }) => name.toLowerCase() === wanted);
  const choices: Choice[] = found.map(({ name, tag }) => ({
    id: String(tag),
    label: name,
    color: colorOf(tag),
    hint: formatNumber(project.counts.perClass[tag] ?? 0),
  }));
  if (isNew) {
    choices.push({ id: "new", label: fill(t.tag.createClass, { name: text.trim() }) });
  }
  return (
    <Dialog title={t.tag.chooseClass} isTitleHidden className="palette" onClose={onClose}>
      <PickList
        label={t.tag.className}
        text={text}
        onText={setText}
        choices={choices}
        none={t.tag.typeName}
        onPick={({ id }) => {
          onClose();
          if (id === "new") onCreate(text.trim());
          else onPick(Number(id));
        }}
      />
    </Dialog>
  );
}
