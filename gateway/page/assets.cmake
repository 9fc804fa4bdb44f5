# assets.cmake - the page's files become page_assets.h: each as bytes, plain
# and compressed, under a name that holds a hash of them.

set(dir ${CMAKE_CURRENT_SOURCE_DIR}/page)
set(out ${CMAKE_BINARY_DIR}/generated/gateway/page)
file(GLOB scripts CONFIGURE_DEPENDS ${dir}/js/*.js)
list(SORT scripts)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
	${scripts} ${dir}/page.html ${dir}/page.css)
find_file(DYGRAPHS dygraph.min.js PATHS /usr/share/javascript/dygraphs
	NO_DEFAULT_PATH)
if(NOT DYGRAPHS)
	message(FATAL_ERROR "the page draws with dygraphs: "
		"apt-get install libjs-dygraphs")
endif()

set(ASSET_BYTES)
set(ASSET_ROWS)

# NAME-HASH of the file PATH, in ret; "" as a name stays empty.
function(page_asset name path media ret)
	set(bytes "")
	file(SHA256 ${path} hash)
	string(SUBSTRING ${hash} 0 16 hash)
	file(ARCHIVE_CREATE OUTPUT ${path}.gz PATHS ${path}
		FORMAT raw MTIME "1970-01-01" COMPRESSION GZip COMPRESSION_LEVEL 9)
	foreach(form plain gzip)
		file(READ ${path} hex HEX)
		string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
		string(REGEX REPLACE "(.................................................................)"
			"\\1\n" hex "${hex}")
		string(APPEND bytes
			"static const unsigned char a${hash}_${form}[] = {\n${hex}};\n")
		set(path ${path}.gz)
	endforeach()
	if(name)
		set(name "${name}-${hash}")
	endif()
	set(ASSET_BYTES "${ASSET_BYTES}${bytes}" PARENT_SCOPE)
	set(ASSET_ROWS "${ASSET_ROWS} \\\n\tASSET(\"${name}\", \"${media}\", \"${hash}\", a${hash}_plain, a${hash}_gzip)"
		PARENT_SCOPE)
	set(${ret} "${name}" PARENT_SCOPE)
endfunction()

file(WRITE ${out}/page.js "\"use strict\";\n")
foreach(script ${scripts})
	file(READ ${script} text)
	file(APPEND ${out}/page.js "${text}")
endforeach()
file(COPY ${dir}/page.css ${DYGRAPHS} DESTINATION ${out})
page_asset(page ${out}/page.js text/javascript PAGE_JS)
page_asset(style ${out}/page.css text/css PAGE_CSS)
page_asset(dygraphs ${out}/dygraph.min.js text/javascript PAGE_DYGRAPHS)
configure_file(${dir}/page.html ${out}/page.html @ONLY)
page_asset("" ${out}/page.html text/html PAGE_INDEX)
file(CONFIGURE OUTPUT ${out}/page_assets.h
	CONTENT "@ASSET_BYTES@#define PAGE_ASSETS@ASSET_ROWS@\n" @ONLY)
