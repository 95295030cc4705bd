// A conversation as the API takes it. Pure.
//
// An exchange is { pictures, question, answer }; one that failed is not part of the conversation any more. A request is
// { model, exchanges, options }; the last of its exchanges has no answer yet.

// The body of a request, the same for the API and for an example. `partOf` makes a content part of a picture: its bytes for
// the API, its file name for an example. Options that nobody chose are left out: the server has its own.
export function bodyOf({ model, exchanges, options }, partOf) {
  const system = options.system ? [{ role: "system", content: options.system }] : [];
  return { model, messages: [...system, ...messagesOf(exchanges, partOf)], ...parametersOf(options) };
}

export function parametersOf({ maxTokens, temperature }) {
  return {
    ...(maxTokens === null ? {} : { max_completion_tokens: maxTokens }),
    ...(temperature === null ? {} : { temperature }),
  };
}

function messagesOf(exchanges, partOf) {
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

// The conversation as a text for a file. Pictures are named, not kept.
export function textOf(exchanges) {
  return exchanges
    .map(({ pictures, question, answer }) => {
      const names = pictures.map(({ name }) => `[picture: ${name}]\n`).join("");
      return `${names}Question: ${question}\n\n${answer}\n`;
    })
    .join("\n\n");
}
