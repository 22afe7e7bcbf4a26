/** Reading QR codes with the camera or from a picture. */

const PAUSE = 150; // milliseconds between two looks
const WIDEST = 1000; // pixels that we look at

/** Whether there is a camera to ask for. */
export const canScan = () => Boolean(navigator.mediaDevices?.getUserMedia);

/**
 * Show the camera in `stage` and call `found(text)` with each code until it returns true. Returns a
 * function that ends it. Throws what getUserMedia throws.
 */
export async function scan(stage, found) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const video = document.createElement("video");
  video.setAttribute("playsinline", "");
  video.muted = true;
  video.srcObject = stream;
  let running = true;
  const stop = () => {
    running = false;
    for (const track of stream.getTracks()) track.stop();
    stage.hidden = true;
    stage.replaceChildren();
  };
  stage.hidden = false;
  stage.replaceChildren(video);
  await video.play();
  const look = async () => {
    if (!running) return;
    const text = await read(video).catch(() => null);
    if (running && text !== null && found(text)) stop();
    if (running) window.setTimeout(look, PAUSE);
  };
  look();
  return stop;
}

/** Return the text of the code in a picture's file, or null. Throws for what is no picture. */
export async function scanPicture(file) {
  return read(await createImageBitmap(file));
}

/** Read by the browser's own means where it has them, which are better, else by ours. */
async function read(source) {
  const kinds = (await window.BarcodeDetector?.getSupportedFormats?.()) ?? [];
  if (!kinds.includes("qr_code")) return readOurselves(source);
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  const [code] = await detector.detect(source);
  return code?.rawValue ?? null;
}

async function readOurselves(source) {
  const finder = await import("./qr-find.js");
  const [width, height] = [source.videoWidth ?? source.width, source.videoHeight ?? source.height];
  const scale = Math.min(1, WIDEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return finder.read(context.getImageData(0, 0, canvas.width, canvas.height));
}
