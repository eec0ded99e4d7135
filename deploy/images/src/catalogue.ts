import type { Image } from './oci.ts';
import type { TarEntry } from './tar.ts';

/** What the images are made of, read from this machine. */
export interface Sources {
  /** Go's name of this machine's architecture. */
  readonly architecture: string;
  /** A static program that reaps orphans and waits: `catatonit`. */
  readonly catatonit: Buffer;
  /** A static busybox. */
  readonly busybox: Buffer;
  /** Names of the applets in it. */
  readonly applets: readonly string[];
}

/** The images that Keelson brings along, since a machine may reach no registry. */
export function catalogue(sources: Sources): Image[] {
  return [pause(sources), busybox(sources), hello(sources, 'v1'), hello(sources, 'v2')];
}

/** The sandbox container of every pod: does nothing, and is the parent of orphans where a pod shares its process namespace. */
function pause({ architecture, catatonit }: Sources): Image {
  return {
    refs: ['registry.k8s.io/pause:3.10.2'],
    architecture,
    layers: [[{ path: 'pause', type: 'file', content: catatonit, mode: 0o755 }]],
    config: { Entrypoint: ['/pause', '-P'], Env: [defaultPath], User: '65535:65535', WorkingDir: '/' },
  };
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function busybox(sources: Sources): Image {
  return {
    refs: ['docker.io/library/busybox:1.37', 'docker.io/library/busybox:latest'],
    architecture: sources.architecture,
    layers: [busyboxLayer(sources)],
    config: { Cmd: ['sh'], Env: [defaultPath], WorkingDir: '/' },
  };
}

/** Every applet in /bin, as in the busybox image everyone knows. */
function busyboxLayer({ busybox, applets }: Sources): TarEntry[] {
  const text = (path: string, content: string): TarEntry => ({ path, type: 'file', content: Buffer.from(content) });
  const folder = (path: string, mode = 0o755): TarEntry => ({ path, type: 'directory', mode });
  const names = [...new Set(applets)].filter((name) => name !== 'busybox').sort();
  return [
    folder('bin'),
    { path: 'bin/busybox', type: 'file', content: busybox, mode: 0o755 },
    ...names.map((name): TarEntry => ({ path: `bin/${name}`, type: 'symlink', target: 'busybox' })),
    ...['dev', 'etc', 'home', 'proc', 'sys', 'usr', 'usr/bin', 'usr/sbin', 'var', 'var/spool', 'var/www'].map((path) => folder(path)),
    folder('root', 0o700),
    folder('tmp', 0o1777),
    { path: 'usr/bin/env', type: 'symlink', target: '../../bin/env' },
    text(
      'etc/passwd',
      'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
    ),
    text('etc/group', 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nnogroup:x:65534:\n'),
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
  ];
}

// Process 1 in a container ignores signals it does not handle, so the shell stays, takes SIGTERM and lets answers under way finish.
const helloStart = `#!/bin/sh
httpd -f -p "\${PORT:-8080}" -h /www 3>&1 &
server=$!
trap 'kill $server; sleep 1; exit 0' TERM INT
wait $server
`;

// Standard output is the answer, file 3 the container's own output. httpd writes an IPv4 caller as [::ffff:10.0.0.1].
const helloAnswer = `#!/bin/sh
caller=\${REMOTE_ADDR#"[::ffff:"}
[ "$caller" = "$REMOTE_ADDR" ] || caller=\${caller%]}
printf 'Content-Type: text/plain\\r\\n\\r\\n'
printf '%s from %s (keelson/hello %s)\\n' "\${GREETING:-Hello}" "$(hostname)" "$HELLO_VERSION"
printf '%s %s "%s %s"\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$caller" "$REQUEST_METHOD" "$REQUEST_URI" >&3
`;

/** A web server on port 8080 that says who it is: for examples, and for seeing traffic spread over pods. */
function hello(sources: Sources, version: string): Image {
  const script = (path: string, content: string): TarEntry => ({ path, type: 'file', content: Buffer.from(content), mode: 0o755 });
  const site: TarEntry[] = [
    script('hello', helloStart),
    { path: 'www', type: 'directory' },
    { path: 'www/cgi-bin', type: 'directory' },
    script('www/cgi-bin/index.cgi', helloAnswer),
    { path: 'www/healthz', type: 'file', content: Buffer.from('ok\n') },
  ];
  return {
    refs: [`docker.io/keelson/hello:${version}`],
    architecture: sources.architecture,
    layers: [busyboxLayer(sources), site],
    config: { Entrypoint: ['/hello'], Env: [defaultPath, `HELLO_VERSION=${version}`], WorkingDir: '/', ExposedPorts: { '8080/tcp': {} } },
  };
}
