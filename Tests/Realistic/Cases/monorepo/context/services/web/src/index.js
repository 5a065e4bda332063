console.log('web VERSION')
