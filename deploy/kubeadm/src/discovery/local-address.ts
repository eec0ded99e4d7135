import { createSocket } from 'node:dgram';

/** The machine's address on the way to an endpoint; undefined when there is no way. Sends nothing. */
export function localAddress(endpoint: string): Promise<string | undefined> {
  const { hostname, port } = new URL(`https://${endpoint}`);
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (address?: string): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => finish());
    socket.connect(Number(port) || 443, hostname, () => finish(socket.address().address));
  });
}
