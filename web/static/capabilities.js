// The five, as the console names and draws them. id is the server's word in
// events and scopes.
export const capabilities = [
  { id: 'search', path: 'search', name: 'Search', about: 'Semantic and keyword search over your collections' },
  { id: 'stream', path: 'stream', name: 'Stream', about: 'Events in, counted and queried as they arrive' },
  { id: 'gateway', path: 'gateway', name: 'Gateway', about: 'Who may do what: keys, clients and tokens' },
  { id: 'scheduler', path: 'jobs', name: 'Jobs', about: 'Durable jobs, leases and schedules' },
  { id: 'imaging', path: 'images', name: 'Images', about: 'Renditions of your images, signed and delivered' },
];

export const capability = (id) => capabilities.find((c) => c.id === id);
