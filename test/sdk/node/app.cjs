// Burns CPU in a function of a known name, profiled by the real @pyroscope/nodejs.
const Pyroscope = require('@pyroscope/nodejs');

Pyroscope.init({
  serverAddress: process.env.SERVER,
  appName: 'sdk-node',
  flushIntervalMs: 2000,
  tags: { env: 'test' },
});
Pyroscope.start();
const end = Date.now() + 6000;

function burnNodeCpu() {
  let sum = 0;
  for (let i = 0; i < 2e6; i++) sum += Math.sqrt(i);
  return sum;
}

(function turn() {
  burnNodeCpu();
  if (Date.now() < end) setTimeout(turn, 1);
  else Pyroscope.stop().then(() => process.exit(0));
})();
