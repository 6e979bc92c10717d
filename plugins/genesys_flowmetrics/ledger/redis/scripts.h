/* SPDX-License-Identifier: MIT */
/* The Lua scripts, which Redis runs atomically. A script reads everything that
 * it needs, and refuses, before it writes anything: Redis does not roll back a
 * script that fails halfway.
 *
 * In all but PRUNE, KEYS begin with the hashes of our identities, except those
 * whose lease another agent has, and ARGV[1] is the token of the process that
 * counts for them. A process that opens the store takes these identities over.
 * Redis then refuses a script of the former owner that is still under way
 * (FENCED). A script that was not acknowledged by then either ran before, and
 * the new owner reads its counts, or never runs. Redis also refuses a script
 * whose identity it has lost with its data (EMPTIED). */
#ifndef GENESYS_FLOWMETRICS_LEDGER_REDIS_SCRIPTS_H
#define GENESYS_FLOWMETRICS_LEDGER_REDIS_SCRIPTS_H

/* Makes the caller the owner of its identities. The last key is "kept", ARGV[2]
 * the minutes for which this agent wants keys to be kept. Answers with the
 * identities' hashes, one array for each. */
#define REDIS_SCRIPT_TAKE                                                      \
  "local all, kept = {}, KEYS[#KEYS]\n"                                        \
  "local keep = tonumber(redis.call('HGET', kept, 'keep') or 0)\n"             \
  "for i = 1, #KEYS - 1 do all[i] = redis.call('HGETALL', KEYS[i]) end\n"      \
  "for i = 1, #KEYS - 1 do\n"                                                  \
  "  redis.call('HSET', KEYS[i], 'owner', ARGV[1])\n"                          \
  "end\n"                                                                      \
  "if not keep or keep < tonumber(ARGV[2]) then\n"                             \
  "  redis.call('HSET', kept, 'keep', ARGV[2])\n"                              \
  "end\n"                                                                      \
  "return all\n"

/* Drops keys. KEYS: "kept", "minutes", and the hashes of the minutes. ARGV: the
 * minutes, the oldest first. */
#define REDIS_SCRIPT_PRUNE                                                     \
  "local floor = tonumber(redis.call('HGET', KEYS[1], 'floor') or 0)\n"        \
  "local last = tonumber(ARGV[#ARGV]) + 1\n"                                   \
  "if not floor or floor < last then\n"                                        \
  "  redis.call('HSET', KEYS[1], 'floor', string.format('%.0f', last))\n"      \
  "end\n"                                                                      \
  "for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end\n"                       \
  "for i = 1, #ARGV do redis.call('ZREM', KEYS[2], ARGV[i]) end\n"             \
  "return redis.status_reply('OK')\n"

#define REDIS_SCRIPT_FENCE                                                     \
  "local function fenced(n)\n"                                                 \
  "  for i = 1, n do\n"                                                        \
  "    local owner = redis.call('HGET', KEYS[i], 'owner')\n"                   \
  "    if owner ~= ARGV[1] then\n"                                             \
  "      local why = owner and 'FENCED ' or 'EMPTIED '\n"                      \
  "      return redis.error_reply(why .. KEYS[i])\n"                           \
  "    end\n"                                                                  \
  "  end\n"                                                                    \
  "end\n"

/* Sets fields. From ARGV[2] on: the number of an identity, a field and its
 * value, repeated. */
#define REDIS_SCRIPT_SET                                                       \
  REDIS_SCRIPT_FENCE                                                           \
  "local no = fenced(#KEYS)\n"                                                 \
  "if no then return no end\n"                                                 \
  "for i = 2, #ARGV, 3 do\n"                                                   \
  "  redis.call('HSET', KEYS[tonumber(ARGV[i])], ARGV[i + 1], ARGV[i + 2])\n"  \
  "end\n"                                                                      \
  "return redis.status_reply('OK')\n"

/* Counts. KEYS continue with "kept", "minutes", and one hash for each minute.
 * ARGV[2] is the number of identities, ARGV[3] of minutes, ARGV[4] of counters.
 * Then follow, for each minute, its number and how many occurrences it has; for
 * each counter, the number of its identity, its name, its labels; for each
 * occurrence, its hash, the number of its counter (0: none), the value to add
 * ("": none). The last argument is the present minute.
 *
 * Answers with one string that has a character for each occurrence: "1" (new),
 * "0" (a duplicate) or "2" (before the floor, so late). The present count and
 * sum of each counter follow, -1 and "" where nothing was added. A sum is a
 * double in Lua as in C, and %.17g preserves it. A value that would make it
 * infinite is left out. */
#define REDIS_SCRIPT_COUNT                                                     \
  REDIS_SCRIPT_FENCE                                                           \
  "local ids, minutes = tonumber(ARGV[2]), tonumber(ARGV[3])\n"                \
  "local counters = tonumber(ARGV[4])\n"                                       \
  "local no = fenced(ids)\n"                                                   \
  "if no then return no end\n"                                                 \
  "local kept, index = KEYS[ids + 1], KEYS[ids + 2]\n"                         \
  "local floor = tonumber(redis.call('HGET', kept, 'floor') or 0)\n"           \
  "if not floor then\n"                                                        \
  "  return redis.error_reply('ERR no number in ' .. kept .. ' floor')\n"      \
  "end\n"                                                                      \
  "redis.call('ZRANGEBYSCORE', index, 1, 0)\n"                                 \
  "local at = 5 + 2 * minutes\n"                                               \
  "local item = at + 3 * counters\n"                                           \
  "local count, sum = {}, {}\n"                                                \
  "for c = 1, counters do\n"                                                   \
  "  local key = KEYS[tonumber(ARGV[at + 3 * c - 3])]\n"                       \
  "  local name = ARGV[at + 3 * c - 2]\n"                                      \
  "  count[c] = tonumber(redis.call('HGET', key, 'c:' .. name) or 0)\n"        \
  "  sum[c] = tonumber(redis.call('HGET', key, 's:' .. name) or 0)\n"          \
  "  if not count[c] or not sum[c] then\n"                                     \
  "    return redis.error_reply('ERR no number in ' .. key .. ' ' .. name)\n"  \
  "  end\n"                                                                    \
  "end\n"                                                                      \
  "for m = 1, minutes do redis.call('HLEN', KEYS[ids + 2 + m]) end\n"          \
  "local fresh, more, adds = {}, {}, {}\n"                                     \
  "for m = 1, minutes do\n"                                                    \
  "  local key, minute = KEYS[ids + 2 + m], ARGV[3 + 2 * m]\n"                 \
  "  local is_late = tonumber(minute) < floor\n"                               \
  "  if not is_late then redis.call('ZADD', index, minute, minute) end\n"      \
  "  for _ = 1, tonumber(ARGV[4 + 2 * m]) do\n"                                \
  "    local is_new = 2\n"                                                     \
  "    if not is_late then\n"                                                  \
  "      is_new = redis.call('HSETNX', key, ARGV[item], '')\n"                 \
  "    end\n"                                                                  \
  "    local c = tonumber(ARGV[item + 1])\n"                                   \
  "    if is_new == 1 and c > 0 then\n"                                        \
  "      more[c] = (more[c] or 0) + 1\n"                                       \
  "      if ARGV[item + 2] ~= '' then\n"                                       \
  "        local s = sum[c] + (tonumber(ARGV[item + 2]) or 0)\n"               \
  "        if s - s == 0 then sum[c], adds[c] = s, true end\n"                 \
  "      end\n"                                                                \
  "    end\n"                                                                  \
  "    fresh[#fresh + 1] = is_new\n"                                           \
  "    item = item + 3\n"                                                      \
  "  end\n"                                                                    \
  "  redis.call('PERSIST', key)\n" /* older versions let keys expire */        \
  "end\n"                                                                      \
  "local answer = {table.concat(fresh)}\n"                                     \
  "for c = 1, counters do\n"                                                   \
  "  local key = KEYS[tonumber(ARGV[at + 3 * c - 3])]\n"                       \
  "  local name = ARGV[at + 3 * c - 2]\n"                                      \
  "  answer[2 * c], answer[2 * c + 1] = -1, ''\n"                              \
  "  if more[c] then\n"                                                        \
  "    if count[c] == 0 then\n"                                                \
  "      redis.call('HSET', key, 'l:' .. name, ARGV[at + 3 * c - 1])\n"        \
  "    end\n"                                                                  \
  "    answer[2 * c] = count[c] + more[c]\n"                                   \
  "    redis.call('HSET', key, 'c:' .. name,\n"                                \
  "               string.format('%.0f', answer[2 * c]))\n"                     \
  "    redis.call('HSET', key, 't:' .. name, ARGV[#ARGV])\n"                   \
  "  end\n"                                                                    \
  "  if adds[c] then\n"                                                        \
  "    answer[2 * c + 1] = string.format('%.17g', sum[c])\n"                   \
  "    redis.call('HSET', key, 's:' .. name, answer[2 * c + 1])\n"             \
  "  end\n"                                                                    \
  "end\n"                                                                      \
  "return answer\n"

#endif
