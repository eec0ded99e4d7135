import { connect } from 'node:tls';
import { type ClientCertificate, httpTransport, type Transport } from '@keelson/client';
import { serviceUnavailable } from '@keelson/machinery';
import type { KubeletAddress, Kubelets } from '../http/services.ts';

export interface KubeletCredentials {
  /** What kubelets are shown, at present: asked each time, for it is renewed. Nothing when absent. */
  readonly client?: () => ClientCertificate | undefined;
  /** Kubelets' serving certificates must be signed by it; not checked when absent, as in Kubernetes. */
  readonly caData?: string | undefined;
}

const dialTimeout = 10_000;

/** Connections to kubelets, kept alive per address. */
export function createKubelets({ client = () => undefined, caData }: KubeletCredentials): Kubelets {
  const certificateSource = async (): Promise<ClientCertificate | undefined> => client();
  const transports = new Map<string, Transport>();
  const transportTo = ({ host, port }: KubeletAddress): Transport => {
    const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
    const known = transports.get(server);
    if (known) return known;
    const made = httpTransport({ server, userAgent: 'kube-apiserver', insecureSkipTLSVerify: !caData, caData, certificateSource });
    transports.set(server, made);
    return made;
  };
  return {
    send: (kubelet, request) =>
      transportTo(kubelet)
        .send(request)
        .catch((error: Error) => Promise.reject(unreachable(kubelet, error))),
    dial: (kubelet) => dial(kubelet, client(), caData),
  };
}

function dial({ host, port, node }: KubeletAddress, certificate: ClientCertificate | undefined, caData: string | undefined) {
  return new Promise<ReturnType<typeof connect>>((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ...certificate,
      ca: caData,
      rejectUnauthorized: caData !== undefined,
      timeout: dialTimeout,
    });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(unreachable({ host, port, node }, error));
    };
    socket.once('error', fail);
    socket.once('timeout', () => fail(new Error('i/o timeout')));
    socket.once('secureConnect', () => {
      socket.off('error', fail);
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

function unreachable({ host, port }: KubeletAddress, error: Error): Error {
  return serviceUnavailable(`error dialing backend: dial tcp ${host}:${port}: ${error.message}`);
}
