// Icons: 16 units square, one stroke, in the colour of the text.
import { html } from './vendor/preact.js';

const paths = {
  overview: 'M2.5 2.5h4.5v6h-4.5zM9 2.5h4.5v3.5h-4.5zM9 8h4.5v5.5h-4.5zM2.5 10.5h4.5v3h-4.5z',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3l3.2 3.2',
  stream: 'M1.5 8.5h2.5l1.8-5 3 9 2-6 1 2h2.7',
  gateway: 'M8 1.8l5 1.9v3.8c0 3.2-2.2 5.4-5 6.7-2.8-1.3-5-3.5-5-6.7v-3.8zM6 7.8l1.5 1.5 2.7-2.8',
  jobs: 'M8 13.7a5.7 5.7 0 1 0 0-11.4 5.7 5.7 0 0 0 0 11.4zM8 4.8v3.4l2.3 1.4',
  images: 'M2.5 3h11v10h-11zM2.5 11l3.2-3.2 2.6 2.5 1.9-1.9 3.3 3.1M10.3 6.2a.6.6 0 1 0 0-1.2.6.6 0 0 0 0 1.2',
  sun: 'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z',
  leave: 'M6.5 13.5h-4v-11h4M10 11l3-3-3-3M13 8h-7',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  check: 'M3 8.5l3.3 3.3 6.7-7.3',
};

export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${paths[name]} /></svg>`;

// Mark is the sign of the product: five voices.
export const Mark = () => html`<svg class="mark" viewBox="0 0 20 20" aria-hidden="true">
  <rect data-c="search" x="1" y="8" width="2.6" height="4" rx="1.3" /><rect data-c="stream" x="4.9" y="5" width="2.6" height="10" rx="1.3" />
  <rect data-c="gateway" x="8.7" y="2" width="2.6" height="16" rx="1.3" /><rect data-c="scheduler" x="12.5" y="5" width="2.6" height="10" rx="1.3" />
  <rect data-c="imaging" x="16.4" y="8" width="2.6" height="4" rx="1.3" /></svg>`;
