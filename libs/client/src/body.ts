import type { ClientResponse } from './types.ts';

/** The whole body of a response. */
export async function readBody(response: ClientResponse): Promise<Buffer> {
  if (response.whole) return response.whole;
  const chunks: Buffer[] = [];
  for await (const chunk of response.chunks) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

export async function readText(response: ClientResponse): Promise<string> {
  return (await readBody(response)).toString();
}

/** The body as JSON. @throws SyntaxError naming what was read when it is none. */
export async function readJson(response: ClientResponse): Promise<unknown> {
  return JSON.parse(await readText(response));
}
