/** Reading server-sent events from a response, as they come. */

/**
 * Yield {id, data} for each event and {id: "", data: ""} for each comment (a sign of life).
 * @param {ReadableStream<Uint8Array>} body
 */
export async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) yield eventIn(block);
    }
  } finally {
    await reader.cancel().catch(() => {}); // it may have failed, which ended the loop
  }
}

function eventIn(block) {
  const event = { id: "", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) event.id = line.slice(4);
    if (line.startsWith("data: ")) event.data += line.slice(6);
  }
  return event;
}
