/** A text as it arrives. @throws Error past the limit, in bytes: who answers must not take this server's memory. */
export async function readAtMost(chunks: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const all: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) throw new Error(`the response is larger than ${limit} bytes`);
    all.push(chunk);
  }
  return Buffer.concat(all).toString();
}
