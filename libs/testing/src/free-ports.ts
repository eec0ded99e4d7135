import { createServer } from 'node:net';

/**
 * Ports on loopback that nobody listens at, for what has to be told its port. None of those the kernel gives to whoever connects or asks for
 * any port (32768 and up): between our look and their use no neighbour gets one by accident.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

const [lowest, highest] = [20_000, 30_000];

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
