import { useEffect, useState } from "react";
import type { ImageDetails } from "../../protocol.ts";
import { getDetails, getRecords } from "../api.ts";
import { keysOf } from "./action-list.ts";
import { useActionList } from "./actions.tsx";
import { Dialog } from "./dialog.tsx";
import { showKey } from "./keys.ts";
import { PickList, type Choice } from "./pick-list.tsx";
import { go, useRoute } from "./route.ts";
import { useStudio } from "./studio.tsx";

const mostImages = 8;
/** Between the last letter and the question to the server. */
const typingMs = 120;

/** Every action on the page by its name, and every image by its file name. */
export function CommandPalette({ onClose }: { readonly onClose: () => void }) {
  const { t, preferences } = useStudio();
  const list = useActionList();
  const { screen } = useRoute();
  const [text, setText] = useState("");
  const images = useImagesNamed(text);

  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const actions = list.all
    .filter(({ isDisabled, id }) => isDisabled !== true && id !== "shell.search")
    .filter(({ label, group }) => {
      const searched = `${group} ${label}`.toLowerCase();
      return words.every((word) => searched.includes(word));
    })
    .map((action): Choice => ({
      id: action.id,
      label: action.label,
      hint: action.group,
      keys: keysOf(action, preferences.keys).map(showKey).join(", "),
    }));
  const files = images.map(({ id, file }): Choice => ({
    id: `image:${id}`,
    label: file,
    hint: t.palette.image,
  }));

  const pick = ({ id }: Choice): void => {
    onClose();
    const image = /^image:(\d+)$/.exec(id)?.[1];
    // After the dialog has given the focus back.
    setTimeout(() => {
      if (image === undefined) list.find(id)?.run();
      else go(screen === "inspect" || screen === "review" ? screen : "tag", Number(image));
    });
  };

  return (
    <Dialog title={t.palette.title} isTitleHidden className="palette" onClose={onClose}>
      <PickList
        label={t.palette.label}
        text={text}
        onText={setText}
        choices={[...actions, ...files]}
        onPick={pick}
        none={t.palette.none}
      />
    </Dialog>
  );
}

/** The first images with a text in their file names. */
function useImagesNamed(text: string): readonly ImageDetails[] {
  const [images, setImages] = useState<readonly ImageDetails[]>([]);
  const wanted = text.trim();
  useEffect(() => {
    if (wanted === "") return undefined;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const { records } = await getRecords({ text: wanted }, stop.signal);
        const ids = records.slice(0, mostImages).map(({ id }) => id);
        const found = ids.length > 0 ? await getDetails(ids) : [];
        if (!stop.signal.aborted) setImages(found);
      } catch {
        // The banner tells when the server is away; commands can be searched all the same.
        if (!stop.signal.aborted) setImages([]);
      }
    }, typingMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [wanted]);
  return wanted === "" ? [] : images;
}
