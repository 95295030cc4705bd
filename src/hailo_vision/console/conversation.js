// A conversation as the API takes it. Pure.
//
// An exchange is { pictures, question, answer }; one that failed is not part of the conversation any more.

// `partOf` makes a content part of a picture: its bytes for the API, its file name for an example.
export function messagesOf(exchanges, partOf) {
  return exchanges.flatMap(({ pictures, question, answer }) => {
    const asked = { role: "user", content: contentOf(pictures, question, partOf) };
    return answer ? [asked, { role: "assistant", content: answer }] : [asked];
  });
}

function contentOf(pictures, question, partOf) {
  if (pictures.length === 0) return question;
  return [...pictures.map(partOf), { type: "text", text: question }];
}

export function imagePart(picture) {
  const options = picture.isFine ? { detail: "high" } : {};
  return { type: "image_url", image_url: { url: picture.dataUrl, ...options } };
}
