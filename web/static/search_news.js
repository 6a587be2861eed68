// What happens in search, for pages that show what is there.
import { recent } from './activity.js';
import { useFollow } from './ui.js';

// useNews reads again when something has happened. Searches happen all the time,
// and change nothing of this.
export const useNews = (reload) => useFollow(recent.value.find((e) => e.capability === 'search' && e.type !== 'search.answered')?.turn, reload);
