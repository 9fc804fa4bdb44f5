# plans.awk - the script of the benchmark: 10 plans of 1,024 bytes, each a step
# whose echo is the rest of the plan. Words and numbers, the same every time, as
# compressible as text is; a round limit ends the run.
BEGIN {
	words = split("pod node disk latency error rate checkout queue worker shard retry timeout memory cpu restart deploy config cache replica leader request response status window sample series label match above below since before after while because however still growing falling steady spike drop", word, " ")
	seed = 42
	printf "["
	for (round = 1; round <= 10; round++) {
		head = sprintf("{\"decision\":\"EXECUTE\",\"step\":\"round %d: look at what was said\",\"tool\":\"echo\",\"context\":\"round %d of 10\",\"args\":{\"text\":\"", round, round)
		tail = "\"}}"
		text = "round " round ":"
		while (length(head text tail) < 1024) {
			seed = seed * 16807 % 2147483647
			text = text " " word[seed % words + 1]
			if (seed % 5 == 0) text = text " " int(seed / 1000) % 100000
		}
		printf("%s%s%s%s", (round > 1) ? ",\n " : "", head, substr(text, 1, 1024 - length(head tail)), tail)
	}
	print "]"
}
