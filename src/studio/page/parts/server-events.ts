/** A server-sent event. */
export interface ServerEvent {
  /** "message" where the server names none. */
  readonly name: string;
  readonly id: string | undefined;
  readonly data: string;
}

/**
 * Reads server-sent events from an answer, where `EventSource` cannot be used, as it sends no headers.
 * @param heard called whenever anything comes, be it a sign of life
 */
export async function* serverEvents(
  response: Response,
  heard: () => void = () => undefined,
): AsyncGenerator<ServerEvent, void> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      text += value;
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop()!;
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** The event of one block of a stream; undefined for comments. */
export function parseEvent(block: string): ServerEvent | undefined {
  const values = new Map<string, string>();
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^(event|id|data): ?(.*)$/.exec(line) ?? [];
    if (field === undefined) continue;
    const before = field === "data" ? values.get(field) : undefined;
    values.set(field, before === undefined ? value! : `${before}\n${value}`);
  }
  const data = values.get("data");
  if (data === undefined) return undefined;
  return { name: values.get("event") ?? "message", id: values.get("id"), data };
}
