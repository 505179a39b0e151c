// listener.mjs: a process of its own that listens with the shortest queue and says where; whoever
// started it stops it, so that it accepts nobody. (In hostile.mjs: fullBacklog.)
import { createServer } from "node:net";

const server = createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => process.stdout.write(`${server.address().port}\n`));
