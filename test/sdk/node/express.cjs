// Burns CPU in a function of a known name; the real @pyroscope/nodejs answers who scrapes it, by its middleware.
const { default: Pyroscope } = require('@pyroscope/nodejs');
const express = require('express');

Pyroscope.init({ appName: 'sdk-node-express' });

function burnExpressCpu() {
  let sum = 0;
  for (let i = 0; i < 2e6; i++) sum += Math.sqrt(i);
  return sum;
}

(function turn() {
  burnExpressCpu();
  setTimeout(turn, 1);
})();

const app = express();
app.use(Pyroscope.expressMiddleware());
const server = app.listen(0, '127.0.0.1', () => console.log(`127.0.0.1:${server.address().port}`));
