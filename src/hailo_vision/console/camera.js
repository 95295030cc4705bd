// A photo from the camera: live where the browser allows it, which is on https and localhost, else by the phone's own app.

import { byId, show, write } from "./dom.js";

const CAMERA = { video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } }, audio: false };
const TROUBLES = {
  NotAllowedError: "The browser was told not to let this page use the camera. Allow it beside the address, or choose a photo.",
  NotFoundError: "This device has no camera that the browser can use. Choose a photo instead.",
  NotReadableError: "Another program has the camera. Close it and try again, or choose a photo.",
};

export const isLive = () => window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);

// Opens the dialog; gives the photo as a file, or null when it was closed without one.
export function photo() {
  const dialog = byId("camera");
  const view = byId("camera-view");
  const taken = new Promise((resolve) => {
    let file = null;
    byId("camera-shoot").onclick = async () => {
      file = await shot(view);
      dialog.close();
    };
    dialog.onclose = () => {
      stop(view);
      resolve(file);
    };
  });
  byId("camera-close").onclick = () => dialog.close();
  show(byId("camera-trouble"), false);
  show(view, true);
  show(byId("camera-shoot"), true);
  byId("camera-shoot").disabled = true;
  dialog.showModal();
  start(dialog, view);
  return taken;
}

async function start(dialog, view) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia(CAMERA);
  } catch (error) {
    show(view, false);
    show(byId("camera-shoot"), false);
    write(byId("camera-trouble"), TROUBLES[error.name] ?? "The camera could not be started. Choose a photo instead.");
    show(byId("camera-trouble"), true);
    return;
  }
  view.srcObject = stream;
  if (!dialog.open) {
    stop(view); // closed while the browser asked for permission
    return;
  }
  view.onplaying = () => {
    byId("camera-shoot").disabled = false;
  };
}

async function shot(view) {
  const canvas = Object.assign(document.createElement("canvas"), { width: view.videoWidth, height: view.videoHeight });
  canvas.getContext("2d").drawImage(view, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  return blob && new File([blob], "camera.jpg", { type: blob.type });
}

function stop(view) {
  view.srcObject?.getTracks().forEach((track) => track.stop());
  view.srcObject = null;
}
