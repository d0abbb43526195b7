// Burns CPU in a function of a known name, profiled by the real @pyroscope/nodejs.
const Pyroscope = require('@pyroscope/nodejs');

Pyroscope.init({
  serverAddress: process.env.SERVER,
  appName: 'sdk-node',
  flushIntervalMs: 2000,
  tags: { env: 'test' },
});
Pyroscope.start();
// CPU time, not time on the clock: the machine may be busy.
const END_CPU_US = 5_000_000;

function burnNodeCpu() {
  let sum = 0;
  for (let i = 0; i < 2e6; i++) sum += Math.sqrt(i);
  return sum;
}

(function turn() {
  burnNodeCpu();
  if (process.cpuUsage().user < END_CPU_US) setTimeout(turn, 1);
  else Pyroscope.stop().then(() => process.exit(0));
})();
