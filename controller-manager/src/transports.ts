import type { ClientRequest, ClientResponse, Transport } from '@keelson/client';

/** Asks for nothing but metadata of what is read: for those who look only at owners and finalizers. */
export function metadataOnly(transport: Transport): Transport {
  const form = (path: string): string => (/[?&]watch=true(&|$)/.test(path) ? 'PartialObjectMetadata' : 'PartialObjectMetadataList');
  return {
    send: (request) => {
      if (request.method !== 'GET') return transport.send(request);
      const accept = `application/json;as=${form(request.path)};v=v1;g=meta.k8s.io,application/json`;
      return transport.send({ ...request, headers: { ...request.headers, accept } });
    },
    close: () => transport.close(),
  };
}

/** Reports each exchange: its method and the status it was answered with, `<error>` for none. */
export function observed(transport: Transport, report: (method: string, code: string) => void): Transport {
  const send = async (request: ClientRequest): Promise<ClientResponse> => {
    try {
      const response = await transport.send(request);
      report(request.method, String(response.status));
      return response;
    } catch (error) {
      report(request.method, '<error>');
      throw error;
    }
  };
  return { send, close: () => transport.close() };
}
