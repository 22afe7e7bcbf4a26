/** Reading QR codes with the camera or from a picture. */

const PAUSE = 150; // milliseconds between two looks

/** Whether this browser reads codes, as of a picture. */
export const canRead = () => "BarcodeDetector" in window;

/** Whether there is a camera to ask for, too. */
export const canScan = () => canRead() && Boolean(navigator.mediaDevices?.getUserMedia);

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

/** Return the text of the code in a picture's file, or null. */
export async function scanPicture(file) {
  return read(await createImageBitmap(file));
}

async function read(source) {
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  const [code] = await detector.detect(source);
  return code?.rawValue ?? null;
}
