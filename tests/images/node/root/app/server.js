const server = require('http').createServer((request, answer) => answer.end('node answers\n'));
server.listen(3000);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
