// What was just asked as a command and as a program. Pure. Pictures stand in it as files, by name.

import { bodyOf, parametersOf } from "./conversation.js";

const KEY_VARIABLE = "HAILO_VISION_API_KEY";
const TYPES = { jpg: "image/jpeg", png: "image/png", webp: "image/webp", gif: "image/gif", bmp: "image/bmp" };

const typeOf = (fileName) => TYPES[fileName.split(".").pop()];

// `printf` and `base64` write the body in parts: pictures are too long for a command's arguments.
// `request` is as in conversation.js.
export function curl({ url, request, needsKey }) {
  const { exchanges } = request;
  const files = exchanges.flatMap(({ pictures }) => pictures.map(({ fileName }) => fileName));
  const mark = markFor(request);
  const body = JSON.stringify(bodyOf(request, (shown) => partOf(shown, mark)));
  const parts = body.split(mark);
  const lines = parts.flatMap((part, index) => [
    `  printf %s ${quoted(part)}`,
    ...(index < files.length ? [`  base64 < ${files[index]} | tr -d '\\n'`] : []),
  ]);
  const key = needsKey ? ` \\\n  -H "Authorization: Bearer $${KEY_VARIABLE}"` : "";
  const end = `curl ${url}v1/chat/completions \\\n  -H 'Content-Type: application/json'${key} \\\n  --data-binary @-`;
  return `{\n${lines.join("\n")}\n} | ${end}\n`;
}

// A word that stands nowhere in what was said.
function markFor({ model, exchanges, options }) {
  const said = [model, options.system, ...exchanges.map(({ question, answer }) => question + answer)].join(" ");
  let mark = "PICTURE";
  while (said.includes(mark)) mark += "_";
  return mark;
}

function partOf(shown, payload) {
  const options = shown.isFine ? { detail: "high" } : {};
  return { type: "image_url", image_url: { url: `data:${typeOf(shown.fileName)};base64,${payload}`, ...options } };
}

// For a shell: everything but the quote itself stands for itself between single quotes.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function python({ url, request, needsKey }) {
  const { model, exchanges, options } = request;
  const hasPictures = exchanges.some(({ pictures }) => pictures.length > 0);
  const key = needsKey ? `os.environ["${KEY_VARIABLE}"]` : '"unused"';
  const modules = [...(hasPictures ? ["import base64"] : []), ...(needsKey ? ["import os"] : [])];
  return [
    ...(modules.length ? [...modules, ""] : []),
    "from openai import OpenAI",
    "",
    ...(hasPictures ? PICTURE : []),
    `client = OpenAI(base_url="${url}v1", api_key=${key})`,
    "answer = client.chat.completions.create(",
    `    model=${JSON.stringify(model)},`,
    "    messages=[",
    ...(options.system ? [turn("system", options.system)] : []),
    ...exchanges.flatMap(turns),
    "    ],",
    ...Object.entries(parametersOf(options)).map(([name, value]) => `    ${name}=${value},`),
    ")",
    "print(answer.choices[0].message.content)",
    "",
  ].join("\n");
}

const PICTURE = [
  "",
  "def picture(path, kind, **options):",
  '    with open(path, "rb") as file:',
  "        data = base64.b64encode(file.read()).decode()",
  '    return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}", **options}}',
  "",
  "",
];

// A JSON string is a Python string too.
function turns({ pictures, question, answer }) {
  const asked = pictures.length
    ? ["        {", '            "role": "user",', '            "content": [', ...pictures.map(line), text(question), "            ],", "        },"]
    : [turn("user", question)];
  return answer ? [...asked, turn("assistant", answer)] : asked;
}

const turn = (role, content) => `        {"role": "${role}", "content": ${JSON.stringify(content)}},`;

const text = (question) => `                {"type": "text", "text": ${JSON.stringify(question)}},`;

const line = ({ fileName, isFine }) =>
  `                picture("${fileName}", "${typeOf(fileName)}"${isFine ? ', detail="high"' : ""}),`;
