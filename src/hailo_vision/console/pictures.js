// Photos become what is sent: made smaller where the model would not see the difference, and said so.

import { pixels, size } from "./figures.js";

// The Hailo's model takes frames of 336 x 336 pixels; in fine detail, by the default settings, at most four of them side by
// side. Other engines are sent the same size: the models that they run make pictures smaller too.
const LONGEST_PX = 4 * 336;
const LARGEST_BYTES = 2_000_000;
const JPEG_QUALITY = 0.9;
const SENT_AS_THEY_ARE = { "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "image/bmp": "bmp" };

export class UnreadablePicture extends Error {}

// A picture is { name, fileName, url, dataUrl, note, isFine }: `url` to show it, `dataUrl` to send it, `fileName` its name
// in the examples. Raises UnreadablePicture.
export async function picture(file, number) {
  const bitmap = await decoded(file);
  try {
    const { blob, width, height } = await sendable(file, bitmap);
    const isSame = blob === file;
    const before = `${pixels(bitmap.width, bitmap.height)}, ${size(file.size)}`;
    return {
      name: file.name || `photo ${number}`,
      fileName: `photo-${number}.${SENT_AS_THEY_ARE[blob.type]}`,
      url: URL.createObjectURL(blob),
      dataUrl: await dataUrl(blob),
      note: isSame ? `${before}, sent as it is` : `${before} ${verb(bitmap, width)} ${pixels(width, height)}, ${size(blob.size)}`,
      isFine: false,
    };
  } finally {
    bitmap.close();
  }
}

const verb = (bitmap, width) => (width < bitmap.width ? "made smaller:" : "saved as JPEG:");

async function decoded(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    throw new UnreadablePicture(`This browser can't open ${file.name || "that"} as a picture.`);
  }
}

async function sendable(file, bitmap) {
  const scale = Math.min(1, LONGEST_PX / Math.max(bitmap.width, bitmap.height));
  if (scale === 1 && file.size <= LARGEST_BYTES && file.type in SENT_AS_THEY_ARE) {
    return { blob: file, width: bitmap.width, height: bitmap.height };
  }
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const brush = canvas.getContext("2d");
  brush.fillStyle = "white"; // what the server puts behind transparency too
  brush.fillRect(0, 0, width, height);
  brush.imageSmoothingQuality = "high";
  brush.drawImage(bitmap, 0, 0, width, height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
  if (blob === null) throw new UnreadablePicture(`This browser could not make ${file.name || "that"} smaller.`);
  return { blob, width, height };
}

function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new UnreadablePicture("The browser lost the file while it read it."));
    reader.readAsDataURL(blob);
  });
}
