import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { ExchangeHandler, HttpResponseLike, OutgoingHeaders } from '@keelson/client';

/** Resources begin with a version below `/api` or a group and version below `/apis`; discovery, health and the like do not. */
const resource = /^\/(api\/[^/?]+|apis\/[^/?]+\/[^/?]+)\/[^?]/;

/**
 * The handler as in-process transports can call it: what the server answers through express needs a response of Node's own, as express
 * puts prototypes of Node's under the objects it is given.
 */
export function withPlainResponses(handle: ExchangeHandler): ExchangeHandler {
  return (request, response) => handle(request, resource.test(request.url ?? '') ? response : standIn(response));
}

/** A response of Node's without a socket, whose head and body go to `response` when it ends. */
function standIn(response: HttpResponseLike): HttpResponseLike {
  const node = new ServerResponse(new IncomingMessage(new Socket()));
  response.on('close', () => node.emit('close'));
  const own = {
    writeHead(status: number, headers: OutgoingHttpHeaders = {}) {
      node.statusCode = status;
      for (const [name, value] of Object.entries(headers)) if (value !== undefined) node.setHeader(name, value);
      return node;
    },
    end(chunk?: Buffer | string) {
      response.writeHead(node.statusCode, textHeaders(node.getHeaders()));
      response.end(chunk);
      return node;
    },
  };
  return Object.assign(node, own) as unknown as HttpResponseLike;
}

function textHeaders(headers: OutgoingHttpHeaders): OutgoingHeaders {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value : String(value)]));
}
