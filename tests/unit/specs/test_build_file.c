/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_build_file.c - Dockerfiles into configurations and steps.
 */
#include "tests/unit/specs/build_sample.h"

#define ENV  "\"Env\":[\"PATH=/bin\""
#define HEAD "FROM scratch\nENV PATH=/bin\n"

/* The configuration that instructions behind FROM make. */
static const struct {
	const char *text, *config;
} configs[] = {
	{ "ENV a=1 b=\"x y\" c='$a' d=$a", ENV ",\"a=1\",\"b=x y\",\"c=$a\",\"d=\"]" },
	{ "ENV a=1\nENV b=$a-${a}c", ENV ",\"a=1\",\"b=1-1c\"]" },
	{ "ENV a one  two $PATH", ENV ",\"a=one  two /bin\"]" },
	{ "ENV a=b\\ c d=\\$PATH", ENV ",\"a=b c\",\"d=$PATH\"]" },
	{ "ENV v=1.2.3-rc1\nENV a=${v%-*} b=${v#*.} c=${v##*.} d=${v%%.*} e=${v/./_} f=${v//./_}",
	  ENV ",\"v=1.2.3-rc1\",\"a=1.2.3\",\"b=2.3-rc1\",\"c=3-rc1\",\"d=1\",\"e=1_2.3-rc1\",\"f=1_2_3-rc1\"]" },
	{ "ENV a=${x:-${PATH}/y} b=${PATH:+yes} c=${x:+no} d=${x-u}", ENV ",\"a=/bin/y\",\"b=yes\",\"c=\",\"d=u\"]" },
	{ "ENV e=\"\"\nENV a=${e:-d} b=${e-d} c=${e:+d} d=${e+d}", ENV ",\"e=\",\"a=d\",\"b=\",\"c=\",\"d=d\"]" },
	{ "ARG x=7\nENV y=$x", ENV ",\"y=7\"]" },
	{ "ARG given=1\nENV y=$given", ENV ",\"y=G\"]" },
	{ "ARG TARGETARCH\nARG TARGETVARIANT\nARG BUILDPLATFORM\nENV a=$TARGETARCH/$TARGETVARIANT b=$BUILDPLATFORM "
	  "c=$TARGETOS",
	  ENV ",\"a=arm64/v8\",\"b=linux/amd64\",\"c=\"]" },
	{ "LABEL b=1 \"a c\"='x y'\nLABEL b=2", ENV "],\"WorkingDir\":\"/\",\"Labels\":{\"a c\":\"x y\",\"b\":\"2\"}" },
	{ "EXPOSE 80 443/TCP 8000-8002/udp 80",
	  "\"ExposedPorts\":{\"443/tcp\":{},\"80/tcp\":{},\"8000/udp\":{},\"8001/udp\":{},\"8002/udp\":{}}," },
	{ "VOLUME /b /a\nVOLUME [\"/c d\"]", "\"Volumes\":{\"/a\":{},\"/b\":{},\"/c d\":{}}" },
	{ "CMD [\"a\", \"b\"]\nENTRYPOINT [\"e\"]", "\"Entrypoint\":[\"e\"],\"Cmd\":[\"a\",\"b\"]" },
	{ "CMD echo  $HOME", "\"Cmd\":[\"/bin/sh\",\"-c\",\"echo  $HOME\"]" },
	{ "SHELL [\"/bin/bash\", \"-c\"]\nENTRYPOINT run it", "\"Entrypoint\":[\"/bin/bash\",\"-c\",\"run it\"]" },
	{ "WORKDIR /a\nWORKDIR b/../c\nUSER me:us\nSTOPSIGNAL SIGQUIT",
	  "{\"User\":\"me:us\"," ENV "],\"WorkingDir\":\"/a/c\",\"StopSignal\":\"SIGQUIT\"" },
	{ "HEALTHCHECK --interval=1m30s --retries=2 CMD curl x || exit 1",
	  "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl x || exit 1\"],\"Interval\":90000000000,\"Retries\":2}" },
	{ "HEALTHCHECK NONE", "\"Healthcheck\":{\"Test\":[\"NONE\"]}" },
	{ "ONBUILD COPY . /app\nonbuild RUN make", "\"OnBuild\":[\"COPY . /app\",\"RUN make\"]" },
};

Test(build_file, instructions_make_the_configuration)
{
	static const char *const args[] = { "given=G", NULL };

	for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
		char *text = text_format("%s%s\n", HEAD, configs[i].text), *config;
		struct sample s;

		cr_assert_eq(sample_build(&s, text, args, NULL), 0, "%s: %s", configs[i].text, s.e.text);
		config = sample_config(&s);
		cr_expect(strstr(config, configs[i].config), "%s:\n%s\nhas no\n%s", configs[i].text, config,
			  configs[i].config);
		free(config);
		free(text);
		sample_release(&s);
	}
}

/* The last step's key, or a part of it. */
static const struct {
	const char *text, *key;
} steps[] = {
	{ "RUN a \\\n  # comment\n\n  && b", "\"argv\":[\"/bin/sh\",\"-c\",\"a   && b\"]" },
	{ "RUN a \\\r\n b\r", "\"argv\":[\"/bin/sh\",\"-c\",\"a  b\"]" },
	{ "RUN [\"a\", \"$b\"]", "\"argv\":[\"a\",\"$b\"]" },
	{ "RUN [ -f x ] && y", "\"argv\":[\"/bin/sh\",\"-c\",\"[ -f x ] && y\"]" },
	{ "RUN <<EOF\nx $y\nz\nEOF", "\"argv\":[\"/bin/sh\",\"-c\",\"x $y\\nz\\n\"]" },
	{ "RUN <<-EOF\n\tx\n\t\ty\n\tEOF", "\"argv\":[\"/bin/sh\",\"-c\",\"x\\ny\\n\"]" },
	{ "RUN <<EOF\n#!/usr/bin/python\nx\nEOF",
	  "\"files\":[{\"name\":\"/dev/pipes/EOF\",\"content\":\"#!/usr/bin/python\\nx\\n\"}]" },
	{ "RUN a <<A <<'B' x\n1\nA\n2\nB", "\"a <<A <<'B' x\\n1\\nA\\n2\\nB\"" },
	{ "RUN <<EOF bash -e  \nx\nEOF", "\"argv\":[\"/bin/sh\",\"-c\",\"<<EOF bash -e\\nx\\nEOF\"]" },
	{ "RUN <<EOF  \nx\nEOF", "\"argv\":[\"/bin/sh\",\"-c\",\"x\\n\"]" },
	{ "RUN echo $((1<<2))", "\"echo $((1<<2))\"" },
	{ "RUN --network=none x", "\"network\":\"none\"" },
	{ "RUN --mount=target=/src,rw x",
	  "\"kind\":\"bind\",\"target\":\"/"
	  "src\",\"from\":{\"kind\":\"context\"},\"source\":\".\",\"sharing\":\"shared\",\"read_only\":false" },
	{ "RUN --mount=type=bind,src=/a/../b,dst=rel x",
	  "\"target\":\"/"
	  "rel\",\"from\":{\"kind\":\"context\"},\"source\":\"b\",\"sharing\":\"shared\",\"read_only\":true" },
	{ "RUN --mount=type=cache,target=/c,id=n,sharing=locked,mode=0700,uid=5 x",
	  "\"id\":\"n\",\"sharing\":\"locked\",\"read_only\":false,\"required\":false,\"mode\":448,\"uid\":5" },
	{ "RUN --mount=type=secret,id=aws,required x",
	  "\"target\":\"/run/secrets/aws\",\"from\":{\"kind\":\"scratch\"},\"id\":\"aws\"" },
	{ "RUN --mount=type=secret,id=tok,env=TOK x", "\"id\":\"tok\",\"environment\":\"TOK\"" },
	{ "RUN --mount=type=tmpfs,target=/t,size=1m x", "\"size\":1048576" },
	{ "RUN --mount=type=ssh x", "\"target\":\"/run/box/ssh_agent.0\"" },
	{ "ARG v=/z\nRUN --mount=type=cache,target=$v x", "\"target\":\"/z\"" },
	{ "COPY a b/ /x/",
	  "[{\"kind\":\"path\",\"path\":\"a\",\"pivot\":0,\"unpack\":false},{\"kind\":\"path\",\"path\":\"b\"" },
	{ "WORKDIR /w\nCOPY ../../etc/* .", "\"path\":\"etc/*\"" },
	{ "WORKDIR /w\nCOPY a .", "\"target\":\"/w\",\"target_is_folder\":true" },
	{ "COPY a /b", "\"target\":\"/b\",\"target_is_folder\":false" },
	{ "COPY [\"a b\", \"c\"]", "\"path\":\"a b\"" },
	{ "COPY --parents x/./y/z /d/", "\"path\":\"x/y/z\",\"pivot\":2" },
	{ "COPY --chown=1:2 --chmod=u=rwX,go=rX --link --exclude=*.md --exclude=x a /b",
	  "\"excludes\":[\"*.md\",\"x\"],\"chown\":\"1:2\",\"chmod\":\"u=rwX,go=rX\",\"link\":true" },
	{ "ENV n=v\nCOPY <<EOF <<'B' /d/\n$n \\$n \"q\"\nEOF\n$n\nB",
	  "\"files\":[{\"name\":\"EOF\",\"content\":\"v $n \\\"q\\\"\\n\"},{\"name\":\"B\",\"content\":\"$n\\n\"}]" },
	{ "ADD a.tar /d/", "\"kind\":\"path\",\"path\":\"a.tar\",\"pivot\":0,\"unpack\":true" },
	{ "ADD --unpack=false a.tar /d/", "\"unpack\":false" },
	{ "ADD https://x.org/a.tgz /d/",
	  "\"kind\":\"url\",\"path\":\"https://x.org/a.tgz\",\"pivot\":0,\"unpack\":false" },
	{ "ADD --keep-git-dir https://x.org/r.git#v1:sub /d/", "\"kind\":\"git\"" },
	{ "USER me\nWORKDIR /w", "{\"kind\":\"folder\",\"user\":\"me\",\"target\":\"/w\"}" },
};

Test(build_file, instructions_make_steps)
{
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		char *text = text_format("%s%s\n", HEAD, steps[i].text);
		const struct build_stage *stage;
		struct sample s;

		cr_assert_eq(sample_build(&s, text, NULL, NULL), 0, "%s: %s", steps[i].text, s.e.text);
		stage = sample_last(&s);
		cr_assert_geq(stage->step_count, 1, "%s", steps[i].text);
		cr_expect(strstr(stage->steps[stage->step_count - 1].key, steps[i].key), "%s:\n%s\nhas no\n%s",
			  steps[i].text, stage->steps[stage->step_count - 1].key, steps[i].key);
		free(text);
		sample_release(&s);
	}
}
