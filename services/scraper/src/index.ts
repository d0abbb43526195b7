export { createNetworkPolicy } from './network-policy.ts';
export { checkScrapeFile, createScraper, type Scraper } from './scraper.ts';
export { targetsJson, targetsPage } from './targets-page.ts';
