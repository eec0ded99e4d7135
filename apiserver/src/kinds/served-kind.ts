import type { KubeObject } from '@keelson/client';
import type { ReaderSocket } from '../http/relay/reader-socket.ts';
import type { ResourceHandler, ResourceRequest } from '../http/resource-request.ts';
import type { Tunnel } from '../http/services.ts';
import type { KindDefinition, Subresource } from './types.ts';

/** A kind with what it answers itself. Only where requests are taken is this known; the registry knows it as data. */
export interface ServedKind<T extends KubeObject = KubeObject> extends KindDefinition<T> {
  readonly answer?: ResourceHandler;
  readonly subresources?: Readonly<Record<string, ServedSubresource>>;
}

export interface ServedSubresource extends Subresource {
  readonly handler: ResourceHandler;
  /** Answers a request that asks to leave HTTP (`Connection: Upgrade`). */
  upgrade?(request: ResourceRequest, tunnel: Tunnel): Promise<void>;
  /** Answers a request for a WebSocket, where that is all that HTTP can be left for. `open` takes the connection over. */
  read?(request: ResourceRequest, open: () => Promise<ReaderSocket>): Promise<void>;
}
