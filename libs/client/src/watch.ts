import { LineSplitter } from './lines.ts';
import { ApiError, type ApiWatchEvent, type ClientResponse } from './types.ts';

/**
 * The events of a watch response, whatever their objects are (a Table, too). Ends when the server ends the stream.
 * @throws ApiError for an `ERROR` event; the transport's error when the connection breaks.
 */
export async function* watchEvents<T>(response: ClientResponse): AsyncGenerator<Exclude<ApiWatchEvent<T>, { type: 'ERROR' }>> {
  const splitter = new LineSplitter();
  try {
    for await (const chunk of response.chunks) {
      for (const line of splitter.push(chunk)) {
        if (line !== '') yield decode(line);
      }
    }
    const rest = splitter.rest().trim();
    if (rest !== '') yield decode(rest);
  } finally {
    response.destroy();
  }
}

function decode<T>(line: string): Exclude<ApiWatchEvent<T>, { type: 'ERROR' }> {
  const event: ApiWatchEvent<T> = JSON.parse(line);
  if (event.type === 'ERROR') throw new ApiError(event.object, event.object.code ?? 500);
  return event;
}
